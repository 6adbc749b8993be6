/** The pieces that worlds are made of: for the simulator, and for whoever builds a world of another kind. */
export { createTimelineClock } from './clock.ts'
export { compression } from './compression.ts'
export { createSeededCrypto } from './crypto.ts'
export { createDice, createSeededBytes, type Dice } from './dice.ts'
export { createDisk, type Disk } from './disk.ts'
export { createSimulatedPlatform, type SimulatedRun } from './platform.ts'
export { createTimeline, type Settled, type Timeline } from './timeline.ts'
export { createWires, type WiredHub, type Wires, type WireTrace } from './wires.ts'
