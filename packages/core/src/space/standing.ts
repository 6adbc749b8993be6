import { decodeCbor, encodeCbor, equalBytes, utf8 } from '../bytes/index.ts'
import type { Engine } from './engine.ts'
import { queueParcel } from './parcel.ts'
import { keepSecret, loadSecrets } from './secrets.ts'

/** What has to lie on a small log of its own at every hub, for as long as this person uses the hub: where a home is, where the person is. */
export type Standing = {
  readonly name: string
  /** Changes whenever there is something else to say. */
  readonly version: Uint8Array
  readonly policy: Uint8Array
  readonly seed: Uint8Array
}

/** Puts it on its way to all hubs unless that was done before. Within the open transaction. */
export const keepStanding = (engine: Engine, n: number, standing: Standing, make: () => Uint8Array): void => {
  const { name, version, policy, seed } = standing
  const id = utf8(name)
  const known = loadSecrets(engine.statements, n, 'standing').find((kept) => equalBytes(kept.id, id))
  if (known && equalBytes((decodeCbor(known.value) as unknown as Uint8Array[])[0] as Uint8Array, version)) return
  engine.unit.enter()
  const entry = make()
  keepSecret(engine.statements, n, 'standing', id, encodeCbor([version, policy, seed, entry]))
  queueParcel(engine, policy, seed, entry)
}

/** All that stands, for a hub that may have lost it. */
export const loadStanding = (
  engine: Engine,
  n: number,
): { readonly policy: Uint8Array; readonly seed: Uint8Array; readonly entry: Uint8Array }[] =>
  loadSecrets(engine.statements, n, 'standing').map(({ value }) => {
    const [, policy, seed, entry] = decodeCbor(value) as unknown as Uint8Array[] & { length: 4 }
    return { policy, seed, entry } as { policy: Uint8Array; seed: Uint8Array; entry: Uint8Array }
  })
