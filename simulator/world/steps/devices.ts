import { linkKith, recoverKith } from '@kith/core'
import type { Step } from '../../shared/script.ts'
import type { SimDevice } from '../device.ts'
import { type Acts, chosen, type World } from '../world.ts'

/** More would only make worlds slow. */
const devicesMax = 6

/** A new device of somebody whose old one is on: by the code that the old one shows, confirmed on both. */
const link = async (world: World, { who, how }: Step): Promise<void> => {
  const old = chosen(
    world.devices.filter((device) => device.kith()),
    who,
  )
  const adding = old && world.devices.length < devicesMax ? await startAdding(world, old) : undefined
  if (!old || !adding) return
  const device = world.addDevice(old.person)
  device.setSkew((how % 1_200_001) - 600_000)
  void device
    .start(async (platform) => {
      const hubs = world.hubs.map(({ url }) => url)
      const linking = await linkKith(platform, { code: adding.code, hubs, deviceName: device.name })
      const { check } = await adding.met
      if (check !== linking.check) world.violate('devices confirm each other', `${old.name} and ${device.name}`)
      const [, kith] = await Promise.all([adding.confirm(), linking.confirm()])
      return kith
    })
    .then(() => {
      if (device.kith()) world.count('link')
      else adding.cancel()
    })
}

const startAdding = async (world: World, old: SimDevice) => {
  const asked = old.kith()?.addDevice()
  const answer = asked && (await world.timeline.until(asked, 15_000))
  if (!answer || !('value' in answer)) return undefined
  // Nobody may come: then whoever asks is told, and here nobody does.
  answer.value.met.catch(() => {})
  return answer.value
}

/** Somebody comes back by the words on paper; half of the time because all devices are lost. */
const recover = (world: World, { who, how }: Step): void => {
  const person = chosen([...world.phrases.keys()], who)
  const phrase = person === undefined ? undefined : world.phrases.get(person)
  if (person === undefined || phrase === undefined || world.devices.length >= devicesMax) return
  const device = world.addDevice(person)
  const hubs = world.hubs.map(({ url }) => url)
  const revokesOthers = how % 2 === 0
  void device
    .start((platform) => recoverKith(platform, { phrase, hubs, name: `person ${person}`, revokesOthers }))
    .then(() => {
      if (device.kith()) world.count(revokesOthers ? 'recover and revoke' : 'recover')
    })
}

/** Somebody with several devices ends another one: it is lost, or stolen. */
const revoke = async (world: World, { who, what }: Step): Promise<void> => {
  const device = chosen(
    world.devices.filter(
      ({ kith, person }) => kith() && world.devices.filter((one) => one.person === person).length > 1,
    ),
    who,
  )
  const kith = device?.kith()
  if (!device || !kith) return
  const life = device.life()
  const listed = await kith.devices()
  const target = chosen(
    listed.filter(({ isThis }) => !isThis),
    what,
  )
  if (!target || device.life() !== life) return
  kith.revokeDevice(target.id).then(
    () => {
      world.count('revoke')
      world.trace.note(`${world.timeline.now()} ${device.name} revokes ${target.name}`)
    },
    (cause: unknown) => world.count(`revoke: ${(cause as { code?: string }).code ?? String(cause)}`),
  )
}

export const devices: Acts = {
  link: { weight: 1.5, act: link },
  recover: { weight: 0.4, act: recover },
  revoke: { weight: 0.8, act: revoke },
}
