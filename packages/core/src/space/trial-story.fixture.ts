/** For tests: random histories of a trial world, honest and hostile, out of small numbers that fast-check can shrink. */
import fc from 'fast-check'
import { toHex, utf8 } from '../bytes/index.ts'
import {
  type Change,
  createChange,
  createOpIds,
  encodeDataBody,
  encodeReissueBody,
  keyedRowId,
  noBytes,
  type Op,
  opToCount,
} from '../change/index.ts'
import { createTextSession } from '../database/index.ts'
import { createTextState, type TextOp, type TextSession, type TextState } from '../database/text/index.ts'
import type { ColumnRecord, SchemaRecord, TableRecord } from '../schema/index.ts'
import { createTrialCrypto, type TrialMember, trialNowMs, type TrialWorld } from './trial-world.fixture.ts'

export type Seed = {
  readonly kind: number
  readonly table: number
  readonly row: number
  readonly at: number
  readonly value: number
  readonly odd: number
}
export type Step = {
  readonly who: number
  readonly view: number
  /** Milliseconds after the story's beginning: few, so that times tie. 12 and above: six minutes ahead of everybody's clock. */
  readonly ms: number
  readonly counter: number
  /** 0: goes on from an older change of the device, as a restored backup does. */
  readonly fork: number
  /** 0: time and salt of the device's last change again, which no honest device does. */
  readonly twin: number
  /** 0: gives effect to a change that was written before, by whomever and whatever became of it. */
  readonly reissue?: number
  readonly seeds: readonly Seed[]
}

const small = (max: number) => fc.nat({ max })
export const seedOf: fc.Arbitrary<Seed> = fc.record({
  kind: small(15),
  table: small(5),
  row: small(7),
  at: small(15),
  value: small(15),
  odd: small(23),
})
export const stepOf: fc.Arbitrary<Step> = fc.record({
  who: small(3),
  view: small(7),
  ms: small(12),
  counter: small(1),
  fork: small(12),
  twin: small(16),
  reissue: small(9),
  seeds: fc.array(seedOf, { minLength: 1, maxLength: 4 }),
})

export type Branch = { readonly member: number; readonly changes: readonly Change[] }
export type Story = {
  /** Runs along `prev`, from the first change of a chain or the one behind a fork. */
  readonly branches: readonly Branch[]
  readonly changes: readonly Change[]
}

type Row = {
  readonly table: string
  readonly id: Uint8Array
  readonly deletes: Uint8Array[]
  readonly additions: Map<string, [string | number, Uint8Array][]>
  readonly texts: Map<number, { session: TextSession; state: TextState; stored: TextOp[] }>
  readonly typed: TextOp[]
}

const texts = ['', 'a', '1e3', '0123', ' 7 ', '\u0000x', '😀 tea', '9007199254740993']
const integers = [0, 1, -5, 7, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]
const reals = [0.5, 1, -2.25, 1e300, 5e-324, 3]
const times = [0, 1e12, -1, 8.64e15]
const jsons = ['{}', '[1,"a"]', 'null', '"1"', '7']
const places = ['a0', 'a1', 'Zz', 'a0V']
const sets: (string | number)[][] = [['a'], ['a', 'b'], [1, 'a'], [], ['c', 2]]
const wrong: unknown[] = [null, 'x', 1.5, true, -1, new Uint8Array(3), [['a'], []], [], 99999, 2 ** 52]
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T

export const tellStory = (world: TrialWorld, steps: readonly Step[]): Story => {
  const crypto = createTrialCrypto(7)
  const rows: Row[] = []
  const byId = new Map<string, Row>()
  const branches: { member: number; changes: Change[] }[] = []
  const changes: Change[] = []
  const tips = new Map<number, { member: number; changes: Change[] }>()
  const lastSalts = new Map<number, { salt: Uint8Array; ms: number; counter: number; seeds: readonly Seed[] }>()
  const unknownRow = crypto.randomBytes(16)

  const rowFor = (table: string, id: Uint8Array): Row => {
    const key = `${table}/${toHex(id)}`
    let row = byId.get(key)
    if (!row) {
      row = { table, id, deletes: [], additions: new Map(), texts: new Map(), typed: [] }
      byId.set(key, row)
      rows.push(row)
    }
    return row
  }

  for (const [number, step] of steps.entries()) {
    const member = world.members[step.who] as TrialMember
    const device = member.secrets.device.signing.publicKey
    const view = pick(world.views, step.view)
    const record = world.recordOf(view.schema)
    const before = lastSalts.get(step.who)
    const isTwin = step.twin === 0 && before !== undefined
    const ms = isTwin ? before.ms : trialNowMs - 1000 + (step.ms < 12 ? step.ms : 1000 + 6 * 60_000)
    const time = { ms, counter: isTwin ? before.counter : step.counter }
    const salt = isTwin ? before.salt : crypto.sha256(utf8(`salt ${number}`)).slice(0, 16)
    lastSalts.set(step.who, { salt, ...time, seeds: step.seeds })
    // The same op first, so that it is the same row which it inserts.
    const seeds = isTwin ? [...before.seeds.slice(0, 1), ...step.seeds] : step.seeds
    const opId = createOpIds(crypto, { space: world.space, device, salt, time })

    const old = tips.get(step.who)
    let branch = old
    if (!branch || (step.fork === 0 && branch.changes.length > 1)) {
      branch = { member: step.who, changes: [] }
      branches.push(branch)
      tips.set(step.who, branch)
    }
    const isFork = old !== undefined && branch !== old
    const prev = isFork ? old.changes[step.seeds.length % old.changes.length] : branch.changes.at(-1)

    const ops: Op[] = []
    const inserted = new Map<Row, number>()
    const typed: { row: Row; op: Omit<TextOp, 'change' | 'seq'> }[] = []
    let count = 0
    const push = (op: Op): number => {
      const index = count
      ops.push(op)
      count += opToCount(op)
      return index
    }
    for (const seed of seeds) {
      writeOp(
        {
          world,
          crypto,
          record,
          member,
          device,
          rows,
          rowFor,
          unknownRow,
          inserted,
          typed,
          opId,
          push,
          next: () => count,
          who: step.who,
        },
        seed,
      )
    }
    const header = {
      kind: 64,
      space: world.space,
      device,
      seq: prev ? prev.header.seq + 1 : 0,
      prev: prev?.hash ?? noBytes,
      deps: { membership: view.heads, content: [] },
      grant: member.grant,
      admission: member.secrets.admission,
      epoch: world.epoch,
      schema: view.schema,
      time,
    }
    const target = step.reissue === 0 ? changes[step.seeds[0]?.at ?? 0] : undefined
    const change = target
      ? createChange(crypto, { ...header, kind: 65 }, encodeReissueBody(salt, toReissued(target)))
      : createChange(crypto, header, encodeDataBody(salt, ops))
    branch.changes.push(change)
    changes.push(change)
    for (const { row, op } of typed) {
      const stored = { ...op, change: change.hash, seq: header.seq }
      row.typed.push(stored)
    }
  }
  return { branches, changes }
}

const toReissued = ({ hash, header }: Change) => ({ change: hash, device: header.device, seq: header.seq })

type Scene = {
  readonly world: TrialWorld
  readonly crypto: TrialWorld['crypto']
  readonly record: SchemaRecord
  readonly member: TrialMember
  readonly device: Uint8Array
  readonly rows: Row[]
  readonly rowFor: (table: string, id: Uint8Array) => Row
  readonly unknownRow: Uint8Array
  readonly inserted: Map<Row, number>
  readonly typed: { row: Row; op: Omit<TextOp, 'change' | 'seq'> }[]
  readonly opId: (index: number) => Uint8Array
  readonly push: (op: Op) => number
  readonly next: () => number
  readonly who: number
}

const writeOp = (scene: Scene, seed: Seed): void => {
  const { record, rows, push, next, opId, inserted } = scene
  const { kind, odd } = seed
  const tableIndex = seed.table % record.tables.length
  const table = record.tables[tableIndex] as TableRecord
  if (kind === 14) return void push([6, `name ${seed.value}`])
  if (kind === 15 && (scene.who === 0 || odd === 1)) return void push([7, `title ${seed.value}`])
  if (kind < 4 || rows.length === 0) return insertRows(scene, table, tableIndex, seed)

  const items = rows.filter((row) => row.table === 'items')
  const row = pick(kind >= 12 && items.length > 0 ? items : rows, seed.row)
  const ownIndex = record.tables.findIndex(({ id }) => id === row.table)
  const own = record.tables[ownIndex]
  if (!own) return
  const reference = inserted.get(row) !== undefined && odd % 2 === 0 ? (inserted.get(row) as number) : row.id
  if (kind < 9) {
    const cells: unknown[] = []
    const names: [string, (string | number)[]][] = []
    for (const [at, column] of own.columns.entries()) {
      if ((seed.at + at) % 4 !== 0) continue
      // Fixed columns and rich text only by somebody hostile.
      const isOdd = odd === 0
      if ((column.type === 'richText' || (column.flags & 2) !== 0) && !isOdd) continue
      const value =
        column.type === 'set' && !isOdd ? setUpdate(row, column.id, seed) : valueFor(scene, column, seed, isOdd)
      if (column.type === 'set' && !isOdd) names.push([column.id, (value as [string[]])[0]])
      cells.push(at, value)
    }
    if (cells.length === 0) return
    const index = push([2, ownIndex, reference, cells as never])
    for (const [column, added] of names) noteAdditions(row, column, added, opId(index))
    return
  }
  if (kind === 9 || kind === 10) {
    row.deletes.push(opId(push([3, ownIndex, reference])))
    return
  }
  if (kind === 11) {
    if (row.deletes.length > 0) push([4, ownIndex, reference, row.deletes.slice(seed.at % row.deletes.length)])
    return
  }
  const notes = own.columns.findIndex(({ type }) => type === 'richText')
  if (notes >= 0) typeText(scene, row, ownIndex, notes, reference, seed)
  else push([3, ownIndex, odd === 1 ? scene.unknownRow : reference])
  void next
}

const insertRows = (scene: Scene, table: TableRecord, tableIndex: number, seed: Seed): void => {
  const { push, next, opId, rowFor, inserted, world } = scene
  const isOdd = seed.odd === 0
  const columns: number[] = []
  for (const [at, column] of table.columns.entries()) {
    const isNeeded =
      (column.flags & 1) === 0 && column.default === undefined && !['counter', 'set'].includes(column.type)
    if (column.type === 'richText') continue
    if (isNeeded ? !(isOdd && seed.at === 3) : (seed.at + at) % 3 !== 0) columns.push(at)
  }
  const count = 1 + (seed.odd % 2)
  const values: unknown[] = []
  for (const at of columns) {
    for (let row = 0; row < count; row += 1) {
      const column = table.columns[at] as ColumnRecord
      const isPersonKey = table.key.includes(at) && column.type === 'person'
      const isForeign = seed.odd === 5
      const one = { ...seed, value: seed.value + row }
      values.push(
        isPersonKey && !isForeign
          ? scene.member.secrets.address
          : valueFor(scene, column, one, isOdd && at === columns[0]),
      )
    }
  }
  const isKeyed = table.key.length > 0
  const start = next()
  push([isKeyed ? 1 : 0, tableIndex, columns, count, values as never] as Op)
  for (let at = 0; at < count; at += 1) {
    const cell = (column: number) => values[columns.indexOf(column) * count + at]
    let id = opId(start + at)
    if (isKeyed) {
      const keys = table.key.map((key) => {
        const value = cell(key)
        return typeof value === 'number' && table.columns[key]?.type === 'ref'
          ? Number.isInteger(value) && value >= 0 && value < 65_536
            ? opId(value)
            : undefined
          : value
      })
      if (keys.some((key) => key === undefined)) continue
      id = keyedRowId(scene.crypto, world.space, table.id, keys as never)
    }
    const row = rowFor(table.id, id)
    if (!isKeyed) inserted.set(row, start + at)
    for (const [index, column] of table.columns.entries()) {
      const value = columns.includes(index) ? cell(index) : undefined
      if (column.type === 'set' && Array.isArray(value))
        noteAdditions(row, column.id, value as string[], opId(start + at))
    }
    if (isKeyed && seed.odd % 3 === 0 && row.deletes.length > 0) push([4, tableIndex, id, [...row.deletes]])
  }
}

const noteAdditions = (row: Row, column: string, added: readonly (string | number)[], id: Uint8Array): void => {
  const known = row.additions.get(column) ?? []
  row.additions.set(column, known)
  for (const element of added) if (typeof element !== 'object') known.push([element, id])
}

const setUpdate = (row: Row, column: string, seed: Seed): unknown => {
  const known = row.additions.get(column) ?? []
  const removed = seed.odd % 3 === 0 && known.length > 0 ? [pick(known, seed.value)] : []
  const added = pick(sets, seed.value).filter((element) => !removed.some(([gone]) => gone === element))
  return [added, removed.map(([element, id]) => [element, [id]])]
}

const valueFor = (scene: Scene, column: ColumnRecord, seed: Seed, isOdd: boolean): unknown => {
  const { value } = seed
  if (isOdd) return pick(wrong, value)
  if ((column.flags & 1) !== 0 && value === 13) return null
  const { members } = scene.world
  switch (column.type) {
    case 'text':
      return pick(texts, value)
    case 'int':
      return pick(integers, value)
    case 'counter':
      return pick(integers, value)
    case 'real':
      return pick(reals, value)
    case 'bool':
      return value % 2 === 0
    case 'time':
      return pick(times, value)
    case 'json':
      return pick(jsons, value)
    case 'order':
      return pick(places, value)
    case 'person':
      return pick(members, value).secrets.address
    case 'set':
      return pick(sets, value)
    case 'ref': {
      const targets = scene.rows.filter((row) => row.table === column.target)
      const row = targets.length > 0 && value % 5 !== 4 ? pick(targets, value) : undefined
      if (!row) return scene.unknownRow
      const index = scene.inserted.get(row)
      return index !== undefined && seed.odd % 2 === 0 ? index : row.id
    }
    default:
      return null
  }
}

const typeText = (
  { crypto, device, who, typed, push, record }: Scene,
  row: Row,
  table: number,
  column: number,
  reference: Uint8Array | number,
  seed: Seed,
): void => {
  const columnId = record.tables[table]?.columns[column]?.id ?? ''
  let open = row.texts.get(who)
  if (!open || seed.odd === 2) {
    const stored = [...row.typed]
    const state = createTextState({ crypto, row: row.id, column: columnId, loadOps: () => stored })
    const session = createTextSession({ crypto, device, state })
    row.texts.set(who, (open = { session, state, stored }))
  } else if (seed.odd % 2 === 0) {
    const news = row.typed.filter((op) => !open?.stored.includes(op))
    open.stored.push(...news)
    open.state.accept(news)
  }
  const text = open.session.doc().getText('text')
  if (seed.value % 3 === 0 && text.length > 0) text.delete(seed.at % text.length, 1)
  else text.insert(seed.at % (text.length + 1), String.fromCharCode(97 + seed.value))
  for (let bytes = open.session.takePending(); bytes; bytes = open.session.takePending()) {
    // Somebody hostile: structs that are none.
    const structs = seed.odd === 3 ? Uint8Array.of(1, 2, 3) : bytes.structs
    const index = push([5, table, reference, column, bytes.salt, structs, bytes.deletes])
    typed.push({ row, op: { ...bytes, structs, device, index, verdict: 'applied' } })
  }
}
