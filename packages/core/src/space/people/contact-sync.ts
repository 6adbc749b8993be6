import {
  fromBase32,
  fromBase64Url,
  isList,
  KithError,
  toBase32,
  toBase64Url,
  decodeCbor,
  encodeCbor,
  type CborValue,
} from '../../bytes/index.ts'
import { fromUtf8, utf8 } from '../../bytes/index.ts'
import type { Engine } from '../engine.ts'
import { keepSecret, loadSecrets } from '../secrets.ts'
import type { Homes } from './homes.ts'

/** Contacts, and the secrets that our boxes follow from, on all devices of a person: their tables here, and rows of homes, are made alike. */
export type ContactSync = () => Promise<void>

export type ContactSyncInput = {
  readonly engine: Engine
  readonly homes: Homes
  /** There are other contacts or boxes than before. */
  readonly changed: () => void
}

/**
 * Of each contact is kept what both sides last had (`synced`): who differs from it has changed. Where both have, this device's counts: it is the
 * one that a person is looking at.
 */
export const createContactSync = ({ engine, homes, changed }: ContactSyncInput): ContactSync => {
  const { statements, personSpace: n } = engine

  const loadSynced = (kind: string): Map<string, string> =>
    new Map(
      loadSecrets(statements, n, 'synced').flatMap(({ id, value }) => {
        const [of, name] = fromUtf8(id).split('/')
        return of === kind && name !== undefined ? [[name, fromUtf8(value)] as const] : []
      }),
    )
  const keepSynced = (kind: string, name: string, value: string | undefined): void => {
    engine.unit.enter()
    keepSecret(statements, n, 'synced', utf8(`${kind}/${name}`), utf8(value ?? ''))
  }

  const loadHome = async (kind: string): Promise<Map<string, string>> =>
    new Map(
      (await homes.things(kind)).flatMap(({ name, value }) =>
        typeof value === 'string' ? [[name, value] as const] : [],
      ),
    )

  const loadContacts = (): Map<string, string> =>
    new Map(
      statements(`SELECT address, ${columns} FROM contact`)
        .all()
        .map(({ address, ...row }) => [toBase32(address as Uint8Array), toText(row as Record<string, CborValue>)]),
    )
  const applyContact = (name: string, value: string | undefined): void => {
    engine.unit.enter()
    const address = fromBase32(name)
    if (value === undefined) statements('DELETE FROM contact WHERE address = ?').run(address)
    else
      statements(`INSERT OR REPLACE INTO contact (address, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).run(
        address,
        ...toRow(value),
      )
  }

  const syncContacts = async (): Promise<boolean> => {
    const [local, home, synced] = [loadContacts(), await loadHome('contact'), loadSynced('contact')]
    let isChanged = false
    for (const name of new Set([...local.keys(), ...home.keys(), ...synced.keys()])) {
      const [mine, theirs, both] = [local.get(name), home.get(name) || undefined, synced.get(name) || undefined]
      if (mine === theirs) {
        if (both !== mine) keepSynced('contact', name, mine)
        continue
      }
      if (mine !== both) await homes.put({ kind: 'contact', name, value: mine ?? '' })
      else {
        const isUsable = tryRun(() => applyContact(name, theirs))
        isChanged ||= isUsable
      }
      keepSynced('contact', name, mine === both ? theirs : mine)
    }
    return isChanged
  }

  const loadRoots = (): Map<string, string> =>
    new Map(
      statements('SELECT root, since FROM contact_root ORDER BY n')
        .all()
        .map(({ root, since }) => [toBase64Url(root as Uint8Array), String(since)]),
    )

  const syncRoots = async (): Promise<boolean> => {
    const [local, home, synced] = [loadRoots(), await loadHome('contact root'), loadSynced('contact root')]
    // A device that is new here has made one for itself, which nobody was told of: the person's own take its place.
    const isNew = synced.size === 0 && home.size > 0
    for (const [root, since] of local) {
      if (synced.has(root)) continue
      if (!isNew && !home.has(root)) await homes.put({ kind: 'contact root', name: root, value: since })
      keepSynced('contact root', root, since)
    }
    const missing = [...home]
      .filter(([root]) => !local.has(root))
      .sort((left, right) => Number(left[1]) - Number(right[1]))
    for (const [root, since] of missing) {
      engine.unit.enter()
      const isUsable = tryRun(() =>
        statements('INSERT INTO contact_root (root, since) VALUES (?, ?)').run(
          fromBase64Url(root),
          Math.floor(Number(since)),
        ),
      )
      if (isUsable) keepSynced('contact root', root, since)
    }
    return missing.length > 0
  }

  return async () => {
    if (homes.all().length === 0) return
    const hasRoots = await syncRoots()
    const hasContacts = await syncContacts()
    if (hasRoots || hasContacts) changed()
  }
}

const columns = 'person, name, blocked, card, card_time, terms, terms_time'

const toText = (row: Record<string, CborValue>): string =>
  toBase64Url(encodeCbor(columns.split(', ').map((column) => row[column] ?? null)))

/** @throws KithError `bad-encoding` */
const toRow = (text: string) => {
  const value = decodeCbor(fromBase64Url(text))
  if (!isList(value) || value.length !== 7) throw badRow()
  const [person, name, blocked, card, cardTime, terms, termsTime] = value
  if (!(person instanceof Uint8Array) || typeof name !== 'string' || typeof blocked !== 'number') throw badRow()
  if (typeof cardTime !== 'number' || typeof termsTime !== 'number') throw badRow()
  const bytes = (field: CborValue | undefined): Uint8Array | null => (field instanceof Uint8Array ? field : null)
  return [person, name, blocked, bytes(card), cardTime, bytes(terms), termsTime] as const
}

/** False for what another version of this program, or a defect, wrote: it is left alone. */
const tryRun = (run: () => void): boolean => {
  try {
    run()
    return true
  } catch (cause) {
    if (cause instanceof KithError && cause.code === 'bad-encoding') return false
    throw cause
  }
}

const badRow = (): KithError => new KithError('bad-encoding', 'A contact of another device is malformed.')
