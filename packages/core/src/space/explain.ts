import { equalBytes, fromHex, KithError, toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { openLinks } from '../keys/index.ts'
import { decodeGrant, type Epoch } from '../membership/index.ts'
import { createAcquaintance, type Acquaintance, type Named } from './acquaintance.ts'
import type { Explanation } from './api.ts'
import type { Engine } from './engine.ts'
import { toRowId } from './recorder.ts'
import type { Replica } from './replica.ts'

/** Explains a row (by its id) or a change (by its hash as `heldBack` gives it). @throws KithError `not-found`. */
export const explain = (engine: Engine, replica: Replica, id: string): Explanation => {
  engine.unit.commit()
  const people = createAcquaintance(engine, replica)
  const found = id.length === 64 ? findChange(engine, replica, fromHex(id)) : changeOfRow(engine, replica, id)
  const { change, state, reason } = found
  const { header } = change
  const by = people.personOfDevice(header.device)
  const author = (by && people.person(by)) ?? unknown
  const right = explainRight(replica, people, header.grant)
  const access = header.epoch.length > 0 ? explainEpoch(engine, replica, people, header.epoch) : undefined
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

const explainRight = (replica: Replica, people: Acquaintance, hash: Uint8Array): Explanation['right'] => {
  const grant = replica.changes().find((change) => equalBytes(change.hash, hash))
  if (!grant) return undefined
  const { kind } = grant.header
  const source =
    kind === kinds.genesis ? 'founder' : kind === kinds.join ? 'link' : kind === kinds.removal ? 'demotion' : 'grant'
  // A join is its own author's: what counts is who made the link.
  const given = kind === kinds.join ? grant.header.grant : hash
  const giver = replica.membership.authorOf(given)?.person
  const role = toRole(replica, grant)
  return {
    source,
    role,
    at: new Date(grant.header.time.ms),
    by: (kind === kinds.genesis ? undefined : giver && people.person(giver)) ?? undefined,
  }
}

const toRole = (replica: Replica, grant: Change): string => {
  if (grant.header.kind === kinds.genesis) return 'owner'
  const invite = replica.changes().find(({ hash }) => equalBytes(hash, grant.header.grant))
  const body = grant.header.kind === kinds.join ? invite?.body : grant.body
  if (!body || grant.header.kind === kinds.removal) return replica.membership.authorOf(grant.hash)?.role ?? ''
  return decodeGrant(body).role
}

const explainEpoch = (engine: Engine, replica: Replica, people: Acquaintance, hash: Uint8Array) => {
  const records = replica.membership.epochs()
  const record = records.find((epoch) => equalBytes(epoch.hash, hash))
  const starter = replica.membership.authorOf(hash)?.person
  const started = replica.changes().find((change) => equalBytes(change.hash, hash))
  const readers = new Map<string, Explanation['readers'][number]>()
  let openLinkCount = 0
  let isPublic = record?.publicSecret !== undefined
  const rankOf = (id: Uint8Array) => {
    const member = replica.membership.member(id)
    return member?.rank === 'recovery' ? undefined : member?.rank
  }
  for (const { epoch, isLater } of [
    { epoch: hash, isLater: false },
    ...laterEpochs(engine, replica, records, hash).map((later) => ({ epoch: later.hash, isLater: true })),
  ]) {
    isPublic ||= records.some((one) => equalBytes(one.hash, epoch) && one.publicSecret !== undefined)
    for (const { id, isByShare } of replica.membership.readers(epoch)) {
      const person = people.person(id)
      if (!person) {
        const isOpen = replica.membership.invites().some((invite) => equalBytes(invite.hash, id))
        if (isOpen && !isLater) openLinkCount += 1
        continue
      }
      const how = isLater ? ('later keys' as const) : isByShare ? ('share' as const) : ('keys' as const)
      if (!readers.has(person.address)) readers.set(person.address, { ...person, rank: rankOf(id), how })
    }
  }
  return {
    keys: started && {
      startedBy: (starter && people.person(starter)) ?? unknown,
      at: new Date(started.header.time.ms),
    },
    readers: [...readers.values()].sort((left, right) => (left.address < right.address ? -1 : 1)),
    openLinks: openLinkCount,
    isPublic,
  }
}

/** Epochs whose keys give this one's content key, by links that can be opened here. */
const laterEpochs = (engine: Engine, replica: Replica, records: readonly Epoch[], hash: Uint8Array): Epoch[] => {
  const { crypto } = engine.platform
  const shownBy = new Map<string, Uint8Array[]>()
  for (const { hash: from, keys } of replica.epochs()) {
    const links = records.find((record) => equalBytes(record.hash, from))?.links ?? []
    const shown = openLinks(crypto, replica.entry.id, keys, links).filter((link) => link.keys.content !== undefined)
    shownBy.set(toHex(from), [...(shownBy.get(toHex(from)) ?? []), ...shown.map((link) => link.hash)])
  }
  const reached = [hash]
  for (const at of reached) {
    for (const record of records) {
      const isKnown = reached.some((one) => equalBytes(one, record.hash))
      if (!isKnown && shownBy.get(toHex(record.hash))?.some((one) => equalBytes(one, at))) reached.push(record.hash)
    }
  }
  return records.filter((record) => reached.slice(1).some((one) => equalBytes(one, record.hash)))
}

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
