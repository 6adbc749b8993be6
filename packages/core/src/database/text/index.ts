export { type ClockRange, encodeDeletes } from './bytes.ts'
export type { HasSeen, IsAncestor } from './claims.ts'
export { clientIdOf } from './client.ts'
export { textRemoteOrigin } from './document.ts'
export { inspectTextOp, type TextOpBytes, type TextOpShape } from './inspect.ts'
export type { TextOp, TextPosition, TextVerdict } from './op.ts'
export { plainText } from './plain.ts'
export { createTextSession, type TextSession, type TextSessionOptions } from './session.ts'
export { splitUpdate } from './split.ts'
export {
  createTextState,
  type IntegratedOp,
  type TextListener,
  type TextOutcome,
  type TextState,
  type TextStateOptions,
} from './state.ts'
