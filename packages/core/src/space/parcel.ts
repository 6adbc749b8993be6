import type { Engine } from './engine.ts'

/** An entry for another log than a space's own, to all hubs. Within the open transaction. */
export const queueParcel = (engine: Engine, policy: Uint8Array, seed: Uint8Array, bytes: Uint8Array): void => {
  for (const { n } of engine.hubs()) queueParcelFor(engine, n, policy, seed, bytes)
}

/** The same to one hub. `seed` proves the right to write. */
export const queueParcelFor = (
  engine: Engine,
  hub: number,
  policy: Uint8Array,
  seed: Uint8Array,
  bytes: Uint8Array,
): void => {
  engine
    .statements('INSERT INTO parcel (hub, policy, seed, lane, bytes) VALUES (?, ?, ?, 0, ?)')
    .run(hub, policy, seed, bytes)
  engine.parcelQueued()
}
