/** Many devices and a hub in one process, for the tests of apps. */
export { createWorld, type DeviceKey, type World, type WorldOptions } from './world.ts'
