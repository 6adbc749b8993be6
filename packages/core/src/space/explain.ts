import { equalBytes, fromHex, KithError, toHex } from '../bytes/index.ts'
import type { Change } from '../change/index.ts'
import { type Acquaintance, createAcquaintance, type Named } from './acquaintance.ts'
import type { Explanation } from './api.ts'
import type { Engine } from './engine.ts'
import { createReadership } from './readership.ts'
import { toRowId } from './recorder.ts'
import type { Replica } from './replica.ts'
import { createRights } from './rights.ts'

/** Explains a row (by its id) or a change (by its hash as `heldBack` gives it). @throws KithError `not-found`. */
export const explain = (engine: Engine, replica: Replica, id: string): Explanation => {
  engine.unit.commit()
  const people = createAcquaintance(engine, replica)
  const found = id.length === 64 ? findChange(engine, replica, fromHex(id)) : changeOfRow(engine, replica, id)
  const { change, state, reason } = found
  const { header } = change
  const by = people.personOfDevice(header.device)
  const author = (by && people.person(by)) ?? unknown
  const right = createRights(replica, people).of(header.grant)
  const access = header.epoch.length > 0 ? createReadership(engine, replica, people).of(header.epoch) : undefined
  const time = new Date(header.time.ms)
  const explanation = {
    change: toHex(change.hash),
    author,
    time,
    grant: toHex(header.grant),
    right,
    epoch: toHex(header.epoch),
    keys: access?.keys,
    readers: access?.readers ?? [],
    openLinks: access?.openLinks ?? 0,
    isPublic: access?.isPublic ?? false,
    state,
    reason,
    reissuedBy: reissuesOf(engine, replica, people, change),
  }
  return { ...explanation, text: toText(explanation) }
}

const unknown: Named = { address: '', name: '' }

type Found = { readonly change: Change } & Pick<Explanation, 'state' | 'reason'>

/** Re-issues that count; a change that was never held back has none. */
const reissuesOf = (
  engine: Engine,
  { entry }: Replica,
  people: Acquaintance,
  { hash }: Change,
): Explanation['reissuedBy'] =>
  engine
    .statements('SELECT change FROM reissue WHERE space = ? AND target = ? ORDER BY change')
    .all(entry.n, hash)
    .map((row) => {
      const { device, time } = engine.store().history.change(row.change as number).header
      const by = people.personOfDevice(device)
      return { ...((by && people.person(by)) ?? unknown), at: new Date(time.ms) }
    })

const toText = (explained: Omit<Explanation, 'text'>): string => {
  const { author, right, keys, readers, openLinks: links, isPublic, state, reason, reissuedBy, time } = explained
  const nameOf = ({ name, address }: Named): string =>
    name || (address ? `${address.slice(0, 8)}…` : 'Somebody unknown')
  const sentences = [`${nameOf(author)} wrote this on ${toDay(time)}.`]
  if (right) {
    const role = `as ${right.role || 'member'}`
    const giver = right.by ? nameOf(right.by) : 'somebody'
    const how = {
      founder: 'by having created the space',
      link: `by a link that ${giver} made, used on ${toDay(right.at)}`,
      grant: `which ${giver} granted on ${toDay(right.at)}`,
      demotion: `which ${giver} left on ${toDay(right.at)}, when a higher rank was taken away`,
    }[right.source]
    sentences.push(`It was written ${role}, ${how}.`)
  }
  for (const reissuer of reissuedBy)
    sentences.push(`It was held back; ${nameOf(reissuer)} gave effect to it on ${toDay(reissuer.at)}.`)
  if (keys) sentences.push(`It is locked with keys that ${nameOf(keys.startedBy)} made on ${toDay(keys.at)}.`)
  if (isPublic) sentences.push('Everybody can read it: the space is public.')
  else if (readers.length > 0) {
    const names = readers.map((reader) => `${nameOf(reader)} (${reader.rank ?? 'no member any more'})`)
    const more =
      links === 0 ? '' : ` Whoever holds ${links === 1 ? 'the open link' : `one of ${links} open links`} can, too.`
    sentences.push(`It can be read by ${names.join(', ')}.${more}`)
  }
  if (state === 'held back') sentences.push(`It has no effect: ${reason ?? ''}`)
  if (state === 'waiting') sentences.push(`It has no effect yet: ${reason ?? ''}`)
  return sentences.join(' ')
}

const toDay = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ')

const changeOfRow = (engine: Engine, replica: Replica, id: string): Found => {
  const row = toRowId(id)
  for (const { physical } of replica.record().compiled.tables) {
    const found = engine
      .statements(`SELECT "$change" AS change FROM ${physical} WHERE "$space" = ? AND id = ?`)
      .get(replica.entry.n, row)
    if (found) return toFound(engine, found.change as number)
  }
  throw new KithError('not-found', 'No row of this space has that id.')
}

const toFound = (engine: Engine, number: number): Found => {
  const held = engine.statements('SELECT reason FROM held WHERE change = ?').get(number)
  const waiting = engine.statements('SELECT reason FROM waiting WHERE change = ?').get(number)
  return {
    change: engine.store().history.change(number),
    state: held ? 'held back' : waiting ? 'waiting' : 'applied',
    reason: (held ?? waiting)?.reason as string | undefined,
  }
}

/** Looks through history: for people who ask, not for programs in a loop. */
const findChange = (engine: Engine, replica: Replica, wanted: Uint8Array): Found => {
  const { history, registry } = engine.store()
  for (const chain of registry.chainsOf(replica.entry.n)) {
    for (const number of history.segmentNumbers(chain.n)) {
      const stored = history.segment(number)
      const at = stored ? history.decode(stored).changes.findIndex(({ hash }) => equalBytes(hash, wanted)) : -1
      if (stored && at >= 0) {
        const change = history.decode(stored).changes[at] as Change
        return chain.class === 0 ? membershipFound(replica, change) : toFound(engine, number + at)
      }
    }
  }
  throw new KithError('not-found', 'No change of this space has that hash.')
}

const membershipFound = (replica: Replica, change: Change): Found => {
  const verdict = replica.membership.verdictOf(change.hash)
  if (verdict === 'applied') return { change, state: 'applied', reason: undefined }
  if (typeof verdict === 'object') return { change, state: 'held back', reason: verdict.message }
  return {
    change,
    state: 'waiting',
    reason: 'Something that it rests on is not here, or this version cannot judge it.',
  }
}
