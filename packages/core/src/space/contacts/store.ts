/**
 * What is kept of contacts: all of it in own tables, none of it in memory but what is asked for with every entry. A second device of
 * the person needs the same `contact_root` and `contact` rows; letters and ids are each device's own.
 */
import { type CborValue, decodeCbor, encodeCbor, isList } from '../../bytes/index.ts'
import { type LinkHub, type Terms, termsToValue, toTerms } from '../../keys/index.ts'
import {
  contactsMax,
  deliveryMsMax,
  letterAgeMsMax,
  letterIdsMax,
  lettersPerContactMax,
  requestsPendingMax,
} from '../../limits/index.ts'
import type { Engine } from '../engine.ts'

export type ContactRow = {
  readonly address: Uint8Array
  readonly person: Uint8Array
  readonly name: string
  readonly isBlocked: boolean
  /** By its card: where one knocks. */
  readonly card: Way | undefined
  /** By its own letters: the mailbox that it keeps for us. */
  readonly terms: Terms | undefined
  /** When card and terms were made: older ones change nothing. */
  readonly cardTime: number
  readonly termsTime: number
}

export type Way = { readonly sealing: Uint8Array; readonly knock: Uint8Array; readonly hubs: readonly LinkHub[] }

export type LetterRow = {
  readonly address: Uint8Array
  readonly id: Uint8Array
  readonly person: Uint8Array
  readonly name: string
  readonly time: number
  readonly invite: string | undefined
  readonly message: string | undefined
  readonly terms: Terms | undefined
}

export type DeliveryRow = {
  readonly n: number
  readonly url: string
  readonly hub: Uint8Array
  readonly policy: Uint8Array
  /** None: everybody may write there. */
  readonly seed: Uint8Array | undefined
  readonly bytes: Uint8Array
}

export type ContactStore = ReturnType<typeof createContactStore>

export const createContactStore = (engine: Engine) => {
  const { statements, unit, clock, platform } = engine

  const root = (): Uint8Array => {
    const known = statements('SELECT root FROM contact_root ORDER BY n DESC LIMIT 1').get()?.root
    if (known instanceof Uint8Array) return known
    unit.enter()
    const made = platform.crypto.randomBytes(32)
    statements('INSERT INTO contact_root (root, since) VALUES (?, ?)').run(made, clock.nowMs())
    return made
  }

  const find = (address: Uint8Array): ContactRow | undefined => {
    const row = statements('SELECT * FROM contact WHERE address = ?').get(address)
    return row && toContact(row)
  }

  const save = (row: ContactRow): void => {
    unit.enter()
    statements(
      'INSERT OR REPLACE INTO contact (address, person, name, blocked, card, card_time, terms, terms_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(
      row.address,
      row.person,
      row.name,
      row.isBlocked ? 1 : 0,
      row.card ? encodeCbor(wayToValue(row.card)) : null,
      row.cardTime,
      row.terms ? encodeCbor(termsToValue(row.terms)) : null,
      row.termsTime,
    )
  }

  const letters = (state: 'request' | 'message'): LetterRow[] =>
    statements('SELECT * FROM letter WHERE state = ? ORDER BY arrived, rowid').all(state).map(toLetterRow)

  /** Ids of a sender's letters: whether this one came before, or may have. */
  const isSeen = (address: Uint8Array, id: Uint8Array, time: number): boolean =>
    statements('SELECT 1 FROM letter_seen WHERE address = ? AND (id = ? OR (length(id) = 0 AND time >= ?))').get(
      address,
      id,
      time,
    ) !== undefined

  const see = (address: Uint8Array, id: Uint8Array, time: number): void => {
    unit.enter()
    statements('INSERT OR IGNORE INTO letter_seen (address, id, time) VALUES (?, ?, ?)').run(address, id, time)
    statements('DELETE FROM letter_seen WHERE time < ?').run(clock.nowMs() - letterAgeMsMax)
    const last = statements(
      'SELECT time FROM letter_seen WHERE address = ? AND length(id) > 0 ORDER BY time DESC LIMIT 1 OFFSET ?',
    ).get(address, letterIdsMax)?.time as number | undefined
    if (last === undefined) return
    // What is forgotten counts as seen, with all that is not newer.
    statements('DELETE FROM letter_seen WHERE address = ? AND time <= ?').run(address, last)
    statements('INSERT INTO letter_seen (address, id, time) VALUES (?, ?, ?)').run(address, new Uint8Array(0), last)
  }

  const addLetter = (state: 'request' | 'message', letter: LetterRow): void => {
    unit.enter()
    statements(
      'INSERT OR IGNORE INTO letter (address, id, state, person, name, time, arrived, invite, message, terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(
      letter.address,
      letter.id,
      state,
      letter.person,
      letter.name,
      letter.time,
      clock.nowMs(),
      letter.invite ?? null,
      letter.message ?? null,
      letter.terms ? encodeCbor(termsToValue(letter.terms)) : null,
    )
    if (state === 'message') keepNewest(letter.address)
    else keepBudget()
  }

  const keepNewest = (address: Uint8Array): void =>
    statements(
      "DELETE FROM letter WHERE state = 'message' AND address = ?1 AND rowid NOT IN (SELECT rowid FROM letter WHERE state = 'message' AND address = ?1 ORDER BY arrived DESC, rowid DESC LIMIT ?2)",
    ).run(address, lettersPerContactMax)

  /** The oldest of whoever has the most waiting goes first; where several have, the oldest of them all. */
  const keepBudget = (): void => {
    const waiting = (): number =>
      statements("SELECT count(*) AS n FROM letter WHERE state = 'request'").get()?.n as number
    while (waiting() > requestsPendingMax) {
      statements(
        `DELETE FROM letter WHERE rowid = (
          SELECT l.rowid FROM letter l JOIN (SELECT address, count(*) AS n FROM letter WHERE state = 'request' GROUP BY address) c
            ON c.address = l.address WHERE l.state = 'request' ORDER BY c.n DESC, l.arrived, l.rowid LIMIT 1)`,
      ).run()
    }
  }

  return {
    root,
    /** All that letters may still come by: the newest, and those that were replaced not long ago. */
    roots: (): Uint8Array[] => {
      root()
      const rows = statements('SELECT root, since FROM contact_root ORDER BY n').all()
      const leastMs = clock.nowMs() - letterAgeMsMax
      // A root is used until the next one begins.
      return rows.flatMap((row, at) => {
        const replaced = rows[at + 1]?.since as number | undefined
        return replaced === undefined || replaced > leastMs ? [row.root as Uint8Array] : []
      })
    },
    /** After a device was lost: from now on our boxes have other keys, and contacts must be told. */
    renewRoot: (): void => {
      root()
      unit.enter()
      statements('INSERT INTO contact_root (root, since) VALUES (?, ?)').run(
        platform.crypto.randomBytes(32),
        clock.nowMs(),
      )
    },
    find,
    findPerson: (person: Uint8Array): ContactRow | undefined => {
      const row = statements('SELECT * FROM contact WHERE person = ?').get(person)
      return row && toContact(row)
    },
    contacts: (): ContactRow[] => statements('SELECT * FROM contact ORDER BY name, address').all().map(toContact),
    isFull: (): boolean => (statements('SELECT count(*) AS n FROM contact').get()?.n as number) >= contactsMax,
    save,
    remove: (address: Uint8Array): void => {
      unit.enter()
      statements('DELETE FROM contact WHERE address = ?').run(address)
      statements('DELETE FROM letter WHERE address = ?').run(address)
    },
    letters,
    findLetter: (state: 'request' | 'message', id: Uint8Array): LetterRow | undefined => {
      const row = statements('SELECT * FROM letter WHERE state = ? AND id = ?').get(state, id)
      return row && toLetterRow(row)
    },
    addLetter,
    /** Letters of a stranger who is a contact now. */
    promote: (address: Uint8Array): void => {
      unit.enter()
      statements("UPDATE letter SET state = 'message' WHERE address = ?").run(address)
    },
    dropLetter: (address: Uint8Array, id: Uint8Array): void => {
      unit.enter()
      statements('DELETE FROM letter WHERE address = ? AND id = ?').run(address, id)
    },
    dropLetters: (address: Uint8Array): void => {
      unit.enter()
      statements('DELETE FROM letter WHERE address = ?').run(address)
    },
    isSeen,
    see,
    queueDelivery: (delivery: Omit<DeliveryRow, 'n'>): void => {
      unit.enter()
      statements('INSERT INTO delivery (url, hub, policy, seed, bytes, expires) VALUES (?, ?, ?, ?, ?, ?)').run(
        delivery.url,
        delivery.hub,
        delivery.policy,
        delivery.seed ?? null,
        delivery.bytes,
        clock.nowMs() + deliveryMsMax,
      )
    },
    deliveries: (): DeliveryRow[] =>
      statements('SELECT n, url, hub, policy, seed, bytes FROM delivery ORDER BY n').all().map(toDelivery),
    undelivered: (): number => statements('SELECT count(*) AS n FROM delivery').get()?.n as number,
    delivered: (numbers: readonly number[]): void => {
      unit.enter('later')
      for (const n of numbers) statements('DELETE FROM delivery WHERE n = ?').run(n)
    },
    dropExpired: (): void => {
      unit.enter('later')
      statements('DELETE FROM delivery WHERE expires < ?').run(clock.nowMs())
    },
  }
}

type Row = Readonly<Record<string, unknown>>

const toContact = (row: Row): ContactRow => ({
  address: row['address'] as Uint8Array,
  person: row['person'] as Uint8Array,
  name: row['name'] as string,
  isBlocked: row['blocked'] === 1,
  card: row['card'] instanceof Uint8Array ? toWay(decodeCbor(row['card'])) : undefined,
  cardTime: row['card_time'] as number,
  terms: row['terms'] instanceof Uint8Array ? toTerms(decodeCbor(row['terms'])) : undefined,
  termsTime: row['terms_time'] as number,
})

const wayToValue = ({ sealing, knock, hubs }: Way): CborValue => [
  sealing,
  knock,
  hubs.map(({ key, url }) => [key, url]),
]

/** Our own writing: its shape is known. */
const toWay = (value: CborValue): Way | undefined => {
  if (!isList(value)) return undefined
  const [sealing, knock, hubs] = value as unknown as [Uint8Array, Uint8Array, [Uint8Array, string][]]
  return { sealing, knock, hubs: hubs.map(([key, url]) => ({ key, url })) }
}

const toLetterRow = (row: Row): LetterRow => ({
  address: row['address'] as Uint8Array,
  id: row['id'] as Uint8Array,
  person: row['person'] as Uint8Array,
  name: row['name'] as string,
  time: row['time'] as number,
  invite: (row['invite'] as string | null) ?? undefined,
  message: (row['message'] as string | null) ?? undefined,
  terms: row['terms'] instanceof Uint8Array ? toTerms(decodeCbor(row['terms'])) : undefined,
})

const toDelivery = (row: Row): DeliveryRow => ({
  n: row['n'] as number,
  url: row['url'] as string,
  hub: row['hub'] as Uint8Array,
  policy: row['policy'] as Uint8Array,
  seed: (row['seed'] as Uint8Array | null) ?? undefined,
  bytes: row['bytes'] as Uint8Array,
})
