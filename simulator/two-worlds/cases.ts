/** Pairs of worlds that differ in one thing: whether a hub can tell, and by which setting it cannot. */
import { app, set, table, text, type Space } from '@kith/core'
import { toHex } from '@kith/core/bytes'
import type { Isolation } from '@kith/core/sync'
import { frameToClientMessage } from '@kith/core/wire'
import type { AccessOptions } from '@kith/hub'
import { carrierUrl, type Actor, type Scene, type SeenBy } from './scene.ts'

export type World = 'left' | 'right'

export type Case = {
  /** What the two differ in, as docs/security/leaks.md has it. */
  readonly what: string
  readonly isolation: keyof typeof isolations
  /** Of the hub: open unless given. */
  readonly access?: Partial<AccessOptions>
  /** The hub, without network addresses, unless given. */
  readonly seenBy?: SeenBy
  readonly hubSees: 'the same' | 'a difference'
  /**
   * Names the chance of the tellings. For a short entry whose size lies at the edge of a class: how its random bytes happen to compress takes it to one or
   * the other, in either world. Here is one in which it does not.
   */
  readonly chance?: string
  /** Ends with what is compared: `scene.record()` says where that begins. */
  readonly tell: (scene: Scene, world: World) => Promise<void>
}

export const isolations = {
  none: {},
  'reading apart': { readingApart: true },
  'a connection for each space': { connectionPerSpace: true },
  through: { through: [carrierUrl] },
} satisfies Readonly<Record<string, Isolation>>

const tables = {
  messages: table({ text: text() }),
  receipts: table({ of: text(), who: text() }),
  labels: table({ names: set() }),
}
const chat = app('org.example.chat', { version: 1, tables })
const other = app('net.example.list', { version: 1, tables })
type Chat = typeof chat

/**
 * What does not compress well, so long that a class of sizes is hundreds of bytes, and fills half of one: the few bytes by which the same change
 * compresses differently under other keys do not lead to another class then.
 */
const page = Array.from({ length: 4120 }, (_, n) =>
  ((n * 7919 + n * n * 31) % 46_649).toString(36).padStart(3, '0'),
).join('')

type Cast = { readonly alice: Actor; readonly bob: Actor; readonly carol: Actor; readonly id: string }

/** Three people in one space, all of them on; what is recorded begins with their connections. */
const gather = async (
  scene: Scene,
  options: { roles?: readonly string[]; app?: Chat; closes?: 'one link' | 'all links' } = {},
): Promise<Cast> => {
  const { roles = ['writer', 'writer'], app: used = chat, closes = 'one link' } = options
  const alice = await scene.actor('alice')
  const space = await scene.until(alice.kith().createSpace(used, { name: 'Home' }))
  const others: Actor[] = []
  for (const [at, role] of roles.entries()) {
    const guest = await scene.actor(['bob', 'carol', 'dave', 'erin'][at] ?? '')
    const link = await scene.until(space.invite({ role, uses: 2 }))
    const joined = await scene.until(guest.kith().join(used, link))
    await scene.until(joined.synced())
    others.push(guest)
  }
  await scene.pass(20_000)
  // The last word on each lane is one person's, so that everybody has read as far, in whatever order the others came.
  await scene.until(space.tables.messages.insert({ text: 'Now we are all here' }))
  const invites = await scene.until(space.invites())
  for (const { id } of closes === 'all links' ? invites : invites.slice(0, 1)) await scene.until(space.closeInvite(id))
  await scene.pass(20_000)
  return { alice, bob: others[0] as Actor, carol: others[1] as Actor, id: space.id }
}

const spaceOf = (scene: Scene, { id }: Cast, actor: Actor, used: Chat = chat): Promise<Space<Chat>> =>
  scene.until(actor.kith().open(used, id))

const say = async (scene: Scene, cast: Cast, actor: Actor, words: string): Promise<void> => {
  const { tables: there } = await spaceOf(scene, cast, actor)
  await scene.until(there.messages.insert({ text: words }))
  await scene.pass(10_000)
}

export const author: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene)
  const { alice, bob, carol } = cast
  scene.record()
  await scene.restart([alice, bob, carol])
  await say(scene, cast, alice, `Good morning ${page}`)
  await say(scene, cast, world === 'left' ? bob : carol, `Good evening ${page}`)
}

/** A token buys less room than two pages take: whoever writes on pays before long. */
export const metered: Partial<AccessOptions> = { access: 'metered', tokensPerPeriod: 10, roomBytes: 16 * 1024 }

/** Bob and Carol are members of the hub, which has seen them fetch their tokens; then one of them pays. */
export const spender: Case['tell'] = async (scene, world) => {
  scene.record('members')
  const cast = await gather(scene)
  const { alice, bob, carol } = cast
  scene.record()
  await scene.restart([alice, bob, carol])
  const before = scene.events.length
  const isPaid = (): boolean =>
    scene.events
      .slice(before)
      .some(({ what, frame }) => frame && what === 'from client' && frameToClientMessage(frame).type === 'pay')
  for (let pages = 0; !isPaid(); pages += 1) {
    if (pages > 6) throw new Error('Nobody has paid.')
    await say(scene, cast, world === 'left' ? bob : carol, `Good evening ${pages} ${page}`)
  }
}

/** The two who are asked about are off: what their own connections would tell is another line of the list. */
const removal =
  (areOn: boolean): Case['tell'] =>
  async (scene, world) => {
    // A link that is open is given the new epoch, and whoever came by it is removed with it.
    const cast = await gather(scene, { closes: 'all links' })
    const { alice, bob, carol } = cast
    const [bobs, carols] = [bob.kith().address, carol.kith().address]
    scene.record()
    await scene.restart(areOn ? [alice, bob, carol] : [alice])
    const space = await spaceOf(scene, cast, alice)
    await scene.until(space.remove(world === 'left' ? bobs : carols))
    await scene.pass(10_000)
  }

const kindOfRow: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene)
  scene.record()
  await scene.restart([cast.alice, cast.bob])
  const { tables: there } = await spaceOf(scene, cast, cast.alice)
  if (world === 'left') await scene.until(there.messages.insert({ text: `See you at six ${page}` }))
  else await scene.until(there.receipts.insert({ of: 'msg 7', who: `Alice ${page}` }))
  await scene.pass(10_000)
}

const verb: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene)
  const before = await spaceOf(scene, cast, cast.alice)
  const id = await scene.until(before.tables.messages.insert({ text: 'See you at six' }))
  await scene.pass(10_000)
  scene.record()
  await scene.restart([cast.alice, cast.bob])
  const { tables: there } = await spaceOf(scene, cast, cast.alice)
  if (world === 'left') await scene.until(there.messages.update(id, { text: 'See you at seven' }))
  else await scene.until(there.messages.delete(id))
  await scene.pass(10_000)
}

const length: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene)
  scene.record()
  await scene.restart([cast.alice, cast.bob])
  await say(scene, cast, cast.alice, world === 'left' ? 'Yes' : page)
}

const role =
  (roles: readonly [string, string]): Case['tell'] =>
  async (scene, world) => {
    const cast = await gather(scene, { roles: ['reader', 'writer'] })
    const [bobs] = [cast.bob.kith().address]
    scene.record()
    await scene.restart([cast.alice])
    const space = await spaceOf(scene, cast, cast.alice)
    await scene.until(space.setRole(bobs, world === 'left' ? roles[0] : roles[1]))
    await scene.pass(10_000)
  }

const mayWrite: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene, { roles: [world === 'left' ? 'reader' : 'writer', 'writer'] })
  await scene.restart([cast.alice])
  scene.record()
  await cast.bob.start()
  await scene.pass(10_000)
}

const members: Case['tell'] = async (scene, world) => {
  const cast = await gather(scene, { roles: world === 'left' ? ['writer', 'writer'] : ['writer', 'writer', 'writer'] })
  await scene.restart([cast.alice, cast.bob])
  scene.record()
  await say(scene, cast, cast.alice, `Good morning ${page}`)
}

const which: Case['tell'] = async (scene, world) => {
  const used = world === 'left' ? chat : other
  const cast = await gather(scene, { app: used })
  await scene.restart([cast.alice, cast.bob])
  scene.record()
  const { tables: there } = await spaceOf(scene, cast, cast.alice, used)
  await scene.until(there.messages.insert({ text: `Good morning ${page}` }))
  await scene.pass(10_000)
}

/** Alice has two spaces, or she and somebody who is not otherwise there have one each. */
const together: Case['tell'] = async (scene, world) => {
  const alice = await scene.actor('alice')
  const zoe = await scene.actor('zoe')
  const first = await scene.until(alice.kith().createSpace(chat, { name: 'One' }))
  const second = await scene.until((world === 'left' ? alice : zoe).kith().createSpace(chat, { name: 'Two' }))
  await scene.until(first.synced())
  await scene.until(second.synced())
  await scene.pass(20_000)
  scene.record()
  await scene.restart([alice, zoe])
  await scene.pass(10_000)
}

const knock: Case['tell'] = async (scene, world) => {
  const [alice, bob, carol] = [await scene.actor('alice'), await scene.actor('bob'), await scene.actor('carol')]
  const card = await scene.until(alice.kith().card())
  for (const { kith } of [bob, carol]) await scene.until(kith().contacts.add(card))
  await scene.pass(10_000)
  const address = alice.kith().address
  await scene.restart([alice, bob, carol])
  scene.record()
  await scene.until((world === 'left' ? bob : carol).kith().contacts.deliver(address, { message: 'It is me' }))
  await scene.pass(10_000)
}

/** Bob and Carol have a space each, and nothing in common: all but where they are is the same. */
export const whoConnects: Case['tell'] = async (scene, world) => {
  const people = [await scene.actor('bob'), await scene.actor('carol')] as const
  for (const { kith } of people) await scene.until(kith().createSpace(chat, { name: 'Home' }))
  await scene.pass(20_000)
  await scene.restart([])
  scene.record()
  await people[world === 'left' ? 0 : 1].start()
  await scene.pass(10_000)
}

export const whichSpace: Case['tell'] = async (scene, world) => {
  const alice = await scene.actor('alice')
  const ids: string[] = []
  for (const name of ['One', 'Two']) ids.push((await scene.until(alice.kith().createSpace(chat, { name }))).id)
  await scene.pass(20_000)
  scene.record()
  await scene.restart([alice])
  const space = await scene.until(alice.kith().open(chat, ids[world === 'left' ? 0 : 1] ?? ''))
  await scene.until(space.tables.messages.insert({ text: `Good morning ${page}` }))
  await scene.pass(10_000)
}

/** Alice makes two spaces. Returns the ids in hexadecimal of the log that each is written to, as the hub knows it. */
export const shareTwo = async (scene: Scene): Promise<string[]> => {
  const alice = await scene.actor('alice')
  const spaces: Space<Chat>[] = []
  for (const name of ['One', 'Two']) spaces.push(await scene.until(alice.kith().createSpace(chat, { name })))
  await scene.pass(20_000)
  scene.record()
  await scene.restart([alice])
  const logs: string[] = []
  for (const { id } of spaces) {
    const space = await scene.until(alice.kith().open(chat, id))
    const before = scene.events.length
    await scene.until(space.tables.messages.insert({ text: 'Here I am' }))
    await scene.pass(5_000)
    const puts = scene.events.slice(before).flatMap(({ what, frame }) => {
      const message = frame && what === 'from client' ? frameToClientMessage(frame) : undefined
      return message?.type === 'put' ? message.puts : []
    })
    logs.push(...new Set(puts.map(({ log }) => toHex(log))))
  }
  return logs
}

export const cases: readonly Case[] = [
  { what: 'who wrote', isolation: 'reading apart', hubSees: 'the same', tell: author },
  { what: 'who wrote', isolation: 'none', hubSees: 'a difference', tell: author },
  { what: 'whose token was spent', isolation: 'reading apart', access: metered, hubSees: 'the same', tell: spender },
  { what: 'whose token was spent', isolation: 'none', access: metered, hubSees: 'a difference', tell: spender },
  { what: 'a text or a receipt', isolation: 'none', hubSees: 'the same', tell: kindOfRow },
  { what: 'a row changed or deleted', isolation: 'none', hubSees: 'a difference', tell: verb },
  { what: 'which app', isolation: 'none', hubSees: 'the same', tell: which },
  { what: 'a word or a page', isolation: 'none', hubSees: 'a difference', tell: length },
  { what: 'how many members, when one writes', isolation: 'none', hubSees: 'the same', tell: members },
  { what: 'who was removed, while both are away', isolation: 'none', hubSees: 'the same', tell: removal(false) },
  {
    what: 'who was removed, while both are connected',
    isolation: 'none',
    hubSees: 'a difference',
    tell: removal(true),
  },
  {
    what: 'a writer’s role or an admin’s is given',
    isolation: 'none',
    hubSees: 'the same',
    chance: 'giving a role',
    tell: role(['writer', 'admin']),
  },
  { what: 'a reader or a writer is connected', isolation: 'none', hubSees: 'a difference', tell: mayWrite },
  { what: 'two spaces of one person, or of two', isolation: 'none', hubSees: 'a difference', tell: together },
  { what: 'who knocks, but for the network address', isolation: 'none', hubSees: 'the same', tell: knock },
  {
    what: 'who connects, with the network address',
    isolation: 'through',
    seenBy: 'hub, with addresses',
    hubSees: 'the same',
    tell: whoConnects,
  },
  {
    what: 'who connects, with the network address',
    isolation: 'none',
    seenBy: 'hub, with addresses',
    hubSees: 'a difference',
    tell: whoConnects,
  },
  {
    what: 'which space is written to, for the hub that carries',
    isolation: 'through',
    seenBy: 'carrier, with addresses',
    hubSees: 'the same',
    tell: whichSpace,
  },
  {
    what: 'which space is written to',
    isolation: 'through',
    hubSees: 'a difference',
    tell: whichSpace,
  },
]
