import { simApp, stricterApp, widerApp } from '../app.ts'
import { type Acts, chosen, devicesAtHome, type World } from '../world.ts'
import type { Step } from '../../shared/script.ts'
import { ask } from './ask.ts'

/** Somebody who is in makes a link; somebody who is not uses it, as soon as it is there. */
const join = (world: World, { who, what }: Step): void => {
  const host = chosen(devicesAtHome(world), who)
  const guest = chosen(
    world.devices.filter((device) => device.kith() && !device.home()),
    what,
  )
  if (!host || !guest) return
  const life = guest.life()
  ask(
    world,
    host,
    'invite',
    (home) => home.invite({ role: 'writer', uses: 1 }),
    (link) => {
      world.planted.push(link.slice(-40))
      const kith = guest.life() === life ? guest.kith() : undefined
      if (!kith || guest.home()) return
      kith.join(simApp, link).then(
        (home) => {
          if (guest.life() !== life || !guest.isOn()) return
          world.count('join')
          guest.enter(home)
        },
        (cause: unknown) => {
          if (guest.life() === life) world.count(`join: ${(cause as { code?: string }).code ?? String(cause)}`)
        },
      )
    },
  )
}

/** A device gets another version of the app, with other rules or more tables. */
const upgrade = (world: World, { who, how }: Step): void => {
  const device = chosen(devicesAtHome(world), who)
  if (!device) return
  device.app = (how % 2 === 0 ? widerApp : stricterApp) as never
  device.crash()
  void device.start()
  world.count('upgrade')
}

export const people: Acts = {
  join: { weight: 3, act: join },
  upgrade: { weight: 0.3, act: upgrade },
}
