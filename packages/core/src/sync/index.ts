export { carried } from './carried.ts'
export { type BackOff, createBackOff } from './back-off.ts'
export { connectHub, type HubConnection, type HubEntries, type OpenWish } from './hub-connection.ts'
export { checkHubUrl } from './hub-connection-url.ts'
export type { HubPurse } from './hub-payments.ts'
export { createHubLink, type HubLink, type Isolation, type LinkStatus } from './hub-link.ts'
export type {
  Cursor,
  HubSignal,
  Numbers,
  Outgoing,
  PackWork,
  Parcel,
  SyncLog,
  SyncPacks,
  SyncSource,
  SyncSpace,
  Whose,
} from './source.ts'
export { createSplitLink } from './split-link.ts'
