/** What a person with several devices does, asked by the test: each page is one device. */
import {
  type AddingDevice,
  type BrowserKith,
  eraseStore,
  type KithError,
  type LinkingDevice,
  linkDevice,
  matches,
  openKith,
  recoverPerson,
} from '../../index.ts'
import { todo } from './todo.ts'

let kith: BrowserKith
let adding: AddingDevice
let linking: LinkingDevice<BrowserKith>

const codeOf = async (attempt: Promise<unknown>): Promise<string | undefined> =>
  attempt.then(
    () => 'accepted',
    (error: KithError) => error.code ?? String(error),
  )

const titles = async (): Promise<string[]> =>
  (await kith.query(todo, (q) => q.selectFrom('tasks').select('title').orderBy('title'))).map(({ title }) => title)

/** Looks again with each frame; the test's own time limit ends it. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise<number>(requestAnimationFrame)
}

const people = {
  start: async (store: string, hub: string, name: string) => {
    kith = await openKith({ store, hubs: [hub], name })
    return kith.address
  },
  startThrough: async (store: string, hub: string, key: string, carrier: string) => {
    kith = await openKith({ store, hubs: [hub], isolation: { through: [carrier], hubKeys: { [hub]: key } } })
    return kith.address
  },
  openProblem: async (store: string, hub: string) =>
    openKith({ store, hubs: [hub] }).then(
      () => undefined,
      ({ code, message, details }: KithError) => ({ code, message, pending: details['pending'] }),
    ),
  erase: (store: string) => codeOf(eraseStore(store)),
  untilPending: (isPending: boolean) => until(async () => (await kith.status()).pending > 0 === isPending),
  persist: async () => ({ agreed: await kith.persist(), kept: (await kith.storageStatus()).isPersistent }),
  begin: async (title: string) => {
    const space = await kith.createSpace(todo, { name: 'Home' })
    await space.tables.tasks.insert({ title })
    await space.synced()
  },
  beginAlone: async (title: string) => {
    const space = await kith.createSpace(todo, { name: 'Home' })
    await space.tables.tasks.insert({ title })
  },
  read: async () => codeOf(kith.query(todo, (q) => q.selectFrom('tasks').selectAll())),
  write: async (title: string) => {
    const [summary] = await kith.spaces({ app: todo })
    const space = await kith.open(todo, summary?.id ?? '')
    return codeOf(space.tables.tasks.insert({ title }))
  },
  titles,
  find: async (words: string) =>
    (await kith.query(todo, (q) => q.selectFrom('tasks').select('title').where(matches('tasks', words)))).map(
      ({ title }) => title,
    ),
  untilTitle: (title: string) => until(async () => (await titles()).includes(title)),
  /** The host's side: the link, then the digits, then the device's name. */
  add: async () => {
    adding = await kith.addDevice({ apps: [todo] })
    return { link: adding.link, code: adding.code, isFresh: adding.expires.getTime() > Date.now() }
  },
  met: async () => adding.met,
  confirmAdding: async () => (await adding.confirm()).name,
  /** The guest's side. */
  link: async (store: string, code: string, deviceName: string) => {
    linking = await linkDevice({ store, code, deviceName })
    return { check: linking.check, address: linking.address }
  },
  confirmLinking: async () => {
    kith = await linking.confirm()
    return kith.address
  },
  cancelLinking: () => linking.cancel(),
  linkProblem: (store: string, code: string) => codeOf(linkDevice({ store, code })),
  devices: async () =>
    (await kith.devices()).map(({ name, isThis, apps, since }) => ({
      name,
      isThis,
      apps,
      isDate: since instanceof Date,
    })),
  revoke: async (name: string) => {
    const device = (await kith.devices()).find((one) => one.name === name)
    await kith.revokeDevice(device?.id ?? '')
    await until(async () => (await kith.status()).tasksLeft === 0)
  },
  untilRevoked: () => until(async () => (await kith.status()).isRevoked),
  phrase: () => kith.recoveryPhrase(),
  confirmPhrase: async (words: string) => {
    const wrong = await codeOf(kith.confirmRecoveryPhrase('not these words'))
    const warned = (await kith.status()).recovery.warning !== undefined
    await kith.confirmRecoveryPhrase(words)
    const { phrase, text } = await kith.recoverySheet()
    return { wrong, warned, kept: phrase, isNamed: text.includes(kith.address), status: (await kith.status()).recovery }
  },
  /** A phrase of a space's own, made, split, joined and used in the worker. */
  spacePhrase: async () => {
    const phrase = await kith.newPhrase()
    const parts = await kith.splitPhrase(phrase, { parts: 3, needed: 2 })
    const bad = await codeOf(kith.createSpace(todo, { name: 'Never', recovery: { phrase: 'no phrase' } }))
    const made = await kith.createSpace(todo, { name: 'Club', recovery: { phrase } })
    const own = (await kith.recoveryPhrase()) ?? phrase
    return {
      words: parts.map((part) => part.split(' ').length),
      isJoined: (await kith.joinPhrase([parts[2] ?? '', parts[0] ?? ''])) === phrase,
      tooFew: await codeOf(kith.joinPhrase(parts.slice(1, 2))),
      bad,
      // The address comes after the phrase: a right one is told who is not there.
      own: await codeOf(made.remove(kith.address, { phrase: own })),
      right: await codeOf(made.remove(kith.address, { phrase })),
    }
  },
  recover: async (store: string, phrase: string, hub: string, revokesOthers: boolean) => {
    kith = await recoverPerson({ store, phrase, hubs: [hub], revokesOthers })
    return kith.address
  },
  recoverProblem: (store: string, phrase: string, hub: string) => codeOf(recoverPerson({ store, phrase, hubs: [hub] })),
  remember: async (name: string, picture: number[]) => {
    await kith.setProfile({ name, picture: Uint8Array.from(picture) })
    await kith.settings.set('theme', { dark: true })
    const profile = await kith.profile()
    return { name: profile?.name, picture: [...(profile?.picture ?? [])], theme: await kith.settings.get('theme') }
  },
  untilTheme: () => until(async () => (await kith.settings.get('theme')) !== undefined),
  card: () => kith.card(),
  knock: async (card: string, message: string) => {
    const { address, isMutual } = await kith.contacts.add(card)
    await kith.contacts.deliver(address, { message })
    await kith.contacts.synced()
    return isMutual
  },
  accept: async () => {
    await until(async () => (await kith.contacts.requests()).length > 0)
    const [request] = await kith.contacts.requests()
    const contact = await kith.contacts.accept(request?.id ?? '')
    return { message: request?.message, isDate: request?.time instanceof Date, isMutual: contact.isMutual }
  },
  names: async () => (await kith.contacts.list()).map(({ name }) => name),
  close: () => kith.close(),
}

export type PeoplePage = typeof people
Object.assign(window, { people })
