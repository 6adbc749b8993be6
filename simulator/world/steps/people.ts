import type { Kith } from '@kith/core'
import type { Step } from '../../shared/script.ts'
import { simApp, stricterApp, widerApp } from '../app.ts'
import type { SimDevice } from '../device.ts'
import { type Acts, chosen, devicesAtHome, type World } from '../world.ts'
import { ask } from './ask.ts'

const roles = ['writer', 'writer', 'writer', 'reader', 'admin'] as const

/** Somebody who is in makes a link; somebody who is not, or no longer, uses it as soon as it is there. */
const join = (world: World, { who, what, how }: Step): void => {
  const host = chosen(devicesAtHome(world), who)
  if (!host) return
  let guest: SimDevice | undefined
  let life = 0
  ask(
    world,
    host,
    'invite',
    async (home) => {
      const members = new Set((await home.members()).map(({ address }) => address))
      const strangers = world.devices.filter((device) => device.kith() && !members.has(device.address()))
      guest = chosen(strangers, what)
      life = guest?.life() ?? 0
      return guest && home.invite({ role: chosen(roles, how) as string, uses: 1 })
    },
    (link) => {
      const kith = guest?.life() === life ? guest.kith() : undefined
      if (!guest || !kith || link === undefined) return
      world.planted.push(link.slice(-40))
      enter(world, guest, kith, link, life)
    },
  )
}

const enter = (world: World, guest: SimDevice, kith: Kith, link: string, life: number): void => {
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
}

/** Somebody is removed or demoted: what the remover has not of his is void by the rules, what he has stays. */
const end = (world: World, step: Step, what: 'remove' | 'demote'): void => {
  const host = chosen(devicesAtHome(world), step.who)
  const target = chosen(
    world.devices.filter(({ person }) => person !== host?.person && person !== 0),
    step.what,
  )
  if (!host || !target) return
  ask(world, host, what, async (home) => {
    if (what === 'remove') await home.remove(target.address())
    else await home.setRole(target.address(), step.how % 2 === 0 ? 'reader' : 'writer')
    world.trace.note(`${host.name} ${what}s person ${target.person}`)
  })
}

const promote = (world: World, { who, what, how }: Step): void => {
  const host = chosen(devicesAtHome(world), who)
  const target = chosen(world.devices, what)
  if (!host || !target || host.person === target.person) return
  ask(world, host, 'promote', (home) => home.setRole(target.address(), how % 2 === 0 ? 'admin' : 'writer'))
}

const leave = (world: World, { who }: Step): void => {
  const device = chosen(devicesAtHome(world), who)
  if (!device || device.person === 0) return
  ask(world, device, 'leave', (home) => home.leave())
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
  join: { weight: 4, act: join },
  remove: { weight: 1.5, act: (world, step) => end(world, step, 'remove') },
  demote: { weight: 0.7, act: (world, step) => end(world, step, 'demote') },
  promote: { weight: 1, act: promote },
  leave: { weight: 0.3, act: leave },
  upgrade: { weight: 0.3, act: upgrade },
}
