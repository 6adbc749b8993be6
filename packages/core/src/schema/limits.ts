/** Bounds of a schema record beyond those in ../limits. A record comes from outside, so each is checked when it is read. */
export const schemaLimits = {
  indexesMax: 32,
  indexColumnsMax: 8,
  rolesMax: 64,
  droppedMax: 4096,
  /** Identifiers become names in SQL and in every message about them. */
  nameCharsMax: 64,
  appIdCharsMax: 128,
  /** `any`, `all` and `not` nested in each other. Record, table and rule lists take four levels of CBOR's sixteen. */
  ruleDepthMax: 8,
  ruleNodesMax: 256,
  jsonDepthMax: 64,
  setElementBytesMax: 1024,
} as const
