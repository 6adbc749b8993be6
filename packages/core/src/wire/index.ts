export * from './access.ts'
export { frameToClientMessage } from './decode-client.ts'
export { frameToHubMessage } from './decode-hub.ts'
export { clientMessageToFrame, hubMessageToFrame } from './encode.ts'
export { idToMark } from './mark.ts'
export * from './message.ts'
export {
  bytesToPolicy,
  checkPolicy,
  type LogKind,
  logKinds,
  type Policy,
  type PolicyKey,
  policyToBytes,
  policyToLogId,
  type Right,
  rights,
} from './policy.ts'
export * from './proof.ts'
export {
  createResumeState,
  forgetTicket,
  type KeptTicket,
  rememberTicket,
  type ResumeState,
  type TicketUse,
  useTickets,
} from './resume-state.ts'
export { isRefusal, type Refusal, type RefusalReason, refusal, refusalCodes, refusalToError } from './refusal.ts'
export {
  createTicket,
  hasRight,
  isTicketGood,
  openRights,
  rightBit,
  setToRights,
  type TicketLog,
  ticketBytes,
} from './ticket.ts'
export * from './token.ts'
export * from './work.ts'
