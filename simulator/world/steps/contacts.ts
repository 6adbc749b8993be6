import { type Kith, KithError } from '@kith/core'
import type { Step } from '../../shared/script.ts'
import { simApp } from '../app.ts'
import type { SimDevice } from '../device.ts'
import { type Acts, chosen, type World } from '../world.ts'

type Contacting = (kith: Kith, step: Step, world: World, device: SimDevice) => Promise<unknown>

/** People who are strangers to each other too, wherever the shared space is. */
const by =
  (what: string, contact: Contacting) =>
  (world: World, step: Step): void => {
    const device = chosen(
      world.devices.filter(({ kith }) => kith()),
      step.who,
    )
    const kith = device?.kith()
    if (!device || !kith) return
    const life = device.life()
    contact(kith, step, world, device).then(
      (done) => {
        if (done !== undefined && device.life() === life) world.count(what)
      },
      (cause: unknown) => {
        if (device.life() !== life || !device.isOn()) return
        if (!(cause instanceof KithError)) throw cause
        world.count(`${what}: ${cause.code}`)
      },
    )
  }

/** Somebody is given another's card, on paper say. */
const addCard: Contacting = async (kith, { what }, world, device) => {
  const others = world.devices.filter((other) => other.person !== device.person && other.kith())
  const card = await chosen(others, what)?.kith()?.card()
  return card && kith.contacts.add(card)
}

/** A first letter knocks, later ones go to a mailbox; half of them bring an invite. */
const write: Contacting = async (kith, { what, how }, world, device) => {
  const contact = chosen(await kith.contacts.list(), what)
  if (!contact) return undefined
  const message = `planted letter ${world.step}`
  world.planted.push(message)
  const home = how % 2 === 0 ? device.home() : undefined
  const invite = await home?.invite({ role: 'writer', uses: 1 }).catch(() => undefined)
  return kith.contacts.deliver(contact.address, invite === undefined ? { message } : { message, invite })
}

/** Requests are accepted, and now and then refused; what a letter invites to is joined. */
const open: Contacting = async (kith, { what, how }, world, device) => {
  const request = chosen(await kith.contacts.requests(), what)
  if (request && how % 4 === 0) await kith.contacts.ignore(request.id)
  else if (request) await kith.contacts.accept(request.id)
  const letter = chosen([...(request ? [request] : []), ...(await kith.contacts.messages())], what)
  if (letter?.invite === undefined) return request ?? letter
  const life = device.life()
  const home = await kith.join(simApp, letter.invite)
  if (device.life() === life && device.isOn()) {
    device.enter(home)
    world.count('join by letter')
  }
  return letter
}

const unfriend: Contacting = async (kith, { what, how }) => {
  const contact = chosen(await kith.contacts.list(), what)
  if (!contact) return undefined
  if (how % 3 === 0) await kith.contacts.block(contact.address)
  else if (how % 3 === 1) await kith.contacts.remove(contact.address)
  else await kith.contacts.renew()
  return contact
}

export const contacts: Acts = {
  card: { weight: 1.5, act: by('card', addCard) },
  letter: { weight: 2, act: by('letter', write) },
  openLetters: { weight: 2, act: by('letters opened', open) },
  unfriend: { weight: 0.2, act: by('contact ended', unfriend) },
}
