/**
 * Every kind of change. The number says the chain: 0–63 the membership chain, 64–127 the content chain, so that a
 * kind which this version does not know still has its place and is kept and passed on.
 */
export const kinds = {
  genesis: 0,
  grant: 1,
  removal: 2,
  join: 3,
  admission: 4,
  deviceCut: 5,
  epoch: 6,
  share: 7,
  broken: 8,
  schema: 9,
  merge: 10,
  keys: 11,
  profile: 12,
  minimum: 13,
  data: 64,
  reissue: 65,
} as const

export type KindName = keyof typeof kinds

export type Chain = 'membership' | 'content'

export const kindMax = 127
const contentKindMin = 64

/**
 * Whether those need a change who know only an epoch that is superseded: it tells of the newer one, or why there is one. Such a change stands
 * in a segment of its own, for it lies on logs where what was written beside it must not be read.
 */
export function isSpreadKind(kind: number): boolean {
  return spreadKinds.has(kind)
}

const spreadKinds: ReadonlySet<number> = new Set([
  kinds.removal,
  kinds.deviceCut,
  kinds.epoch,
  kinds.share,
  kinds.broken,
])

export function kindToChain(kind: number): Chain {
  return kind < contentKindMin ? 'membership' : 'content'
}

/** The name of a kind, undefined for one that this version does not know. */
export function kindToName(kind: number): KindName | undefined {
  return names.get(kind)
}

const names = new Map<number, KindName>(
  (Object.entries(kinds) as [KindName, number][]).map(([name, kind]) => [kind, name]),
)
