import { equalBytes, ifUsable, toBase32, toHex } from '../../bytes/index.ts'
import { type Change, createOpIds, decodeDataBody, kinds, kindToChain, kindToName } from '../../change/index.ts'
import { type RowAction, rowWrites } from '../../database/index.ts'
import { createAcquaintance, type Named } from '../acquaintance.ts'
import type { Engine } from '../engine.ts'
import type { Replica } from '../replica.ts'
import type { InspectedChange, InspectedWrites } from './api.ts'
import { createWords } from './words.ts'

/** Shows changes of one space. Made for one answer: it remembers who is who. */
export type ChangeViews = {
  /** A change of content, by its local number. */
  readonly ofContent: (number: number) => InspectedChange
  readonly ofMembership: (change: Change) => InspectedChange
  /** Whether a change of content writes to a row, and how. */
  readonly writesTo: (change: Change, row: Uint8Array) => { readonly table: string; readonly action: RowAction }[]
}

/** Row ids that are named one by one, for each table and action of a change. */
const rowsNamedMax = 20

export const createChangeViews = (engine: Engine, replica: Replica): ChangeViews => {
  const { crypto } = engine.platform
  const { membership, entry } = replica
  const people = createAcquaintance(engine, replica)
  const words = createWords(replica, people)

  const authorOf = (device: Uint8Array): { author: Named; isOurs: boolean } => {
    const person = people.personOfDevice(device)
    const author = (person && people.person(person)) ?? { address: '', name: '' }
    return { author, isOurs: person !== undefined && equalBytes(person, engine.person.person) }
  }

  const view = (
    change: Change,
    verdict: Pick<InspectedChange, 'state' | 'code' | 'reason'>,
    writes: readonly InspectedWrites[],
  ): InspectedChange => {
    const { hash, header } = change
    return {
      change: toHex(hash),
      ...authorOf(header.device),
      device: toHex(header.device),
      time: new Date(header.time.ms),
      chain: kindToChain(header.kind),
      kind: kindToName(header.kind) ?? `unknown (${header.kind})`,
      text: words.of(change, writes),
      writes,
      ...verdict,
      epoch: header.epoch.length > 0 ? toHex(header.epoch) : undefined,
    }
  }

  const writesOf = ({ header, body: bytes }: Change) => {
    const body = header.kind === kinds.data && bytes ? ifUsable(() => decodeDataBody(bytes)) : undefined
    const schema = membership.schema(header.schema)
    const record = schema && engine.store().records.get(schema.record, membership.app() ?? '')
    if (!body || !record) return []
    const { space, device, time } = header
    const opId = createOpIds(crypto, { space, device, time, salt: body.salt })
    return rowWrites({ crypto, space: entry.id, body, opId }, record)
  }

  const countWrites = (change: Change): InspectedWrites[] => {
    const found = new Map<string, { table: string; action: RowAction; rows: Set<string>; count: number }>()
    for (const { table, action, row } of writesOf(change)) {
      const key = `${action} ${table}`
      let counted = found.get(key)
      if (!counted) found.set(key, (counted = { table, action, rows: new Set(), count: 0 }))
      // Several writes to one row count once where they are few; beyond that nobody reads them.
      const id = counted.rows.size < rowsNamedMax ? toBase32(row) : undefined
      if (id !== undefined && counted.rows.has(id)) continue
      counted.count += 1
      if (id !== undefined) counted.rows.add(id)
    }
    return [...found.values()].map(({ table, action, rows, count }) => ({ table, action, count, rows: [...rows] }))
  }

  return {
    ofContent: (number) => {
      const change = engine.store().history.change(number)
      const held = engine.statements('SELECT code, reason FROM held WHERE change = ?').get(number)
      const waiting = engine.statements('SELECT reason FROM waiting WHERE change = ?').get(number)
      return view(
        change,
        {
          state: held ? 'held back' : waiting ? 'waiting' : 'applied',
          code: held?.code as string | undefined,
          reason: (held ?? waiting)?.reason as string | undefined,
        },
        countWrites(change),
      )
    },
    ofMembership: (change) => {
      const verdict = membership.verdictOf(change.hash)
      if (verdict === 'applied') return view(change, { state: 'applied', code: undefined, reason: undefined }, [])
      if (typeof verdict === 'object')
        return view(change, { state: 'held back', code: verdict.code, reason: verdict.message }, [])
      const reason =
        verdict === 'unsupported'
          ? 'This version cannot judge it. Update this program.'
          : 'It rests on changes that are not here yet.'
      return view(change, { state: 'waiting', code: undefined, reason }, [])
    },
    writesTo: (change, row) => {
      const found: { table: string; action: RowAction }[] = []
      for (const write of writesOf(change))
        if (equalBytes(write.row, row)) found.push({ table: write.table, action: write.action })
      return found
    },
  }
}
