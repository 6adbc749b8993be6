import type { App, Kith } from '@kith/core'
import { linkDevice } from '../open-kith.ts'
import type { Scene } from './conditions.fixture.ts'

/** Links a new device in a folder of its own, as two people with a code (or a link) in hand do. */
export const link = async (
  scene: Scene,
  old: Kith,
  folder: string,
  hubs: readonly string[],
  options: { readonly apps?: readonly App[]; readonly asks?: readonly App[]; readonly byLink?: boolean } = {},
): Promise<Kith> => {
  const adding = await old.addDevice(options.apps ? { apps: options.apps } : {})
  const linking = await linkDevice({
    path: scene.path(folder),
    code: options.byLink ? adding.link : adding.code,
    hubs: options.byLink ? [] : hubs,
    deviceName: folder,
    ...(options.asks ? { apps: options.asks } : {}),
  })
  const { check } = await adding.met
  if (check !== linking.check) throw new Error(`The devices show ${check} and ${linking.check}.`)
  const [, kith] = await Promise.all([adding.confirm(), linking.confirm()])
  return scene.ends(kith, (opened) => opened.close())
}
