/** A month of many people on one hub, and everything that they have and the hub must not. */
import { app, richText, table, text, type Space } from '@kith/core'
import { fromBase32 } from '@kith/core/bytes'
import { createDice, type Dice } from '@kith/testing/simulation'
import { createShiftedClock } from './clock.ts'
import type { HostedHub } from './hub-host.ts'
import type { Needle } from './needles.ts'
import { createUser, tolerate, type User } from './user.ts'

export type MonthOptions = {
  readonly hub: HostedHub
  readonly users: number
  readonly days: number
  readonly seed: string
  readonly startMs: number
}

export type Month = {
  readonly users: readonly User[]
  /** Names, texts, addresses, ids of apps, contents of large values. */
  readonly planted: readonly Needle[]
  /** Where people came from. */
  readonly internetAddresses: readonly Needle[]
  readonly sessions: number
  readonly close: () => void
}

const dayMs = 86_400_000
const groupUsers = 8
/** Above what a hub keeps in its database. */
const largeTextChars = 200_000
/** How much of a large text is looked for: its first characters, and some from its middle. */
const sampleChars = 40

export const runMonth = async ({ hub, users: count, days, seed, startMs }: MonthOptions): Promise<Month> => {
  const dice = createDice(`${seed}/month`)
  const clock = createShiftedClock(startMs)
  const planted: Needle[] = []
  const plant = (name: string, value: string): string => {
    plantBytes(name, Buffer.from(value))
    return value
  }
  const plantBytes = (name: string, bytes: Uint8Array): void =>
    void planted.push({ name: `${name} (${planted.length})`, bytes })
  const users = Array.from({ length: count }, (_, n) =>
    createUser({
      name: plant(`name ${n}`, `${word(dice)} of ${word(dice)}`),
      internetAddress:
        n % 2 === 0
          ? `100.${64 + dice.roll(60)}.${100 + dice.roll(150)}.${100 + dice.roll(150)}`
          : `2001:db8:${hex4(dice)}:${hex4(dice)}::${hex4(dice)}`,
      hubUrl: hub.url,
      clock,
      seed: `${seed}/${n}`,
    }),
  )
  const groups = Array.from({ length: Math.ceil(count / groupUsers) }, (_, n) =>
    createGroup(users.slice(n * groupUsers, (n + 1) * groupUsers), n),
  )
  let sessions = 0
  const session: User['session'] extends (run: infer Run) => unknown ? (user: User, run: Run) => Promise<void> : never =
    async (user, run) => {
      sessions += 1
      await user.session(run)
    }

  type Group = {
    readonly app: ReturnType<typeof createApp>
    readonly users: readonly User[]
    readonly n: number
    spaceId: string
    link: string
    card: string
  }
  function createGroup(members: readonly User[], n: number): Group {
    return {
      app: createApp(plant(`app ${n}`, `org.example.${word(dice).toLowerCase()}`)),
      users: members,
      n,
      spaceId: '',
      link: '',
      card: '',
    }
  }

  const found = async (group: Group): Promise<void> => {
    const [founder, ...others] = group.users
    if (!founder) return
    await session(founder, async (kith) => {
      plantAddress(kith.address, founder.name)
      const space = await kith.createSpace(group.app, {
        name: plant(`space ${group.n}`, `${word(dice)} and ${word(dice)}`),
      })
      group.spaceId = space.id
      group.link = await space.invite({ role: 'writer', uses: groupUsers })
      group.card = await kith.card()
      await space.synced()
    })
    for (const user of others)
      await session(user, async (kith) => {
        plantAddress(kith.address, user.name)
        const space = await kith.join(group.app, group.link)
        await kith.contacts.add(group.card)
        await space.synced()
      })
  }
  const plantAddress = (address: string, name: string): void => {
    plantBytes(`address of ${name}`, fromBase32(address))
    plant(`address of ${name} as text`, address)
  }

  const visit = async (group: Group, user: User, day: number): Promise<void> => {
    await session(user, async (kith) => {
      const space = await kith.open(group.app, group.spaceId).catch(() => undefined)
      if (!space || !(await space.can('insert', 'notes'))) return
      const what = dice.roll(10)
      if (what < 6) await writeNote(space, `note of day ${day}`)
      else if (what < 7) await writeLarge(space)
      else if (what < 8) await type(space)
      else await writeLetters(kith)
      if (day === Math.floor(days / 2) && user === group.users[0]) await removeLast(space)
      await tolerate(space.synced())
      if (what >= 8) await tolerate(kith.contacts.synced())
    })
  }
  const writeNote = async (space: Space<Group['app']>, what: string): Promise<void> => {
    const subject = plant(what, `${word(dice)} ${word(dice)} ${word(dice)}`)
    await tolerate(space.tables.notes.insert({ subject }))
  }
  const writeLarge = async (space: Space<Group['app']>): Promise<void> => {
    const content = Array.from({ length: largeTextChars / 12 }, () => word(dice)).join('')
    for (const at of [0, content.length >> 1])
      plantBytes('file content', Buffer.from(content.slice(at, at + sampleChars)))
    await tolerate(space.tables.notes.insert({ subject: word(dice), content }))
  }
  const type = async (space: Space<Group['app']>): Promise<void> => {
    const [row] = await space.query((q) => q.selectFrom('notes').select('id'))
    if (!row) return
    const open = await space.text('notes', row.id, 'body')
    open.doc.getText('text').insert(0, plant('typed text', `${word(dice)} ${word(dice)}`))
    await tolerate(open.close())
  }
  const writeLetters = async (kith: Parameters<Parameters<User['session']>[0]>[0]): Promise<void> => {
    for (const request of await kith.contacts.requests()) await tolerate(kith.contacts.accept(request.id))
    const [contact] = await kith.contacts.list()
    if (contact)
      await tolerate(
        kith.contacts.deliver(contact.address, { message: plant('letter', `${word(dice)} ${word(dice)}`) }),
      )
  }
  const removeLast = async (space: Space<Group['app']>): Promise<void> => {
    const members = await space.members()
    const last = members.find(({ role }) => role === 'writer')
    if (last) await tolerate(space.remove(last.address))
  }

  for (const group of groups) await found(group)
  for (let day = 1; day <= days; day += 1) {
    clock.advance(dayMs)
    await hub.advance(dayMs)
    for (const group of groups) {
      const user = group.users[day === Math.floor(days / 2) ? 0 : dice.roll(group.users.length)]
      if (user) await visit(group, user, day)
    }
  }
  return {
    users,
    planted,
    internetAddresses: users.map(({ name, internetAddress }) => ({
      name: `the network address of ${name}`,
      bytes: Buffer.from(internetAddress),
    })),
    sessions,
    close: () => {
      for (const { disk } of users) disk.close()
    },
  }
}

const createApp = (id: string) =>
  app(id, { version: 1, tables: { notes: table({ subject: text(), content: text().optional(), body: richText() }) } })

/** Letters that no dictionary, header or page has, and that do not compress to much less than an entry's padding. */
const word = (dice: Dice): string => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const chosen = Array.from({ length: 12 }, () => letters[dice.roll(letters.length)])
  return `${(chosen[0] as string).toUpperCase()}${chosen.slice(1).join('')}`
}
const hex4 = (dice: Dice): string => (0x1000 + dice.roll(0xefff)).toString(16)
