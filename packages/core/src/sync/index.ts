export { connectHub, type HubConnection, type HubEntries, type OpenWish } from './hub-connection.ts'
export { checkHubUrl } from './hub-connection-url.ts'
export { createHubLink, type HubLink, type LinkStatus } from './hub-link.ts'
export type { Cursor, Outgoing, Parcel, SyncLog, SyncSource, SyncSpace, Whose } from './source.ts'
