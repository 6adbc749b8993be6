export type * from './api.ts'
export { home } from './homes.ts'
export {
  linkPlatform,
  recoverPlatform,
  type LinkDeviceOptions,
  type LinkingDevice,
  type RecoverPersonOptions,
} from './link-device.ts'
export { createPeople, type People } from './people.ts'
