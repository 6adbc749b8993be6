/** What must hold of every set of changes, whoever wrote them; because each promise is short, all of them are in one file. */
import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import {
  decodeGrant,
  decodeMembershipBody,
  type Level,
  type Membership,
  type Rank,
  rankNumbers,
} from '@kith/core/membership'
import type { Dice } from '@kith/testing/simulation'
import { createContent } from './content.ts'
import { type Actor, judge, judgementToText, learn, levelsOf, nameOf, type Scene, short } from './scene.ts'

/** All that an evaluator says of these changes. */
export const showMembership = (
  scene: Scene,
  membership: Membership,
  changes: readonly Change[],
  contents: readonly Change[],
): string[] => {
  const lines: string[] = []
  const list = (hashes: readonly Uint8Array[]): string => hashes.map(short).join()
  for (const change of changes) {
    const verdict = membership.verdictOf(change.hash)
    lines.push(`${nameOf(scene, change)}: ${typeof verdict === 'object' ? verdict.code : String(verdict)}`)
  }
  for (const change of contents)
    lines.push(`${nameOf(scene, change)}: ${judgementToText(judge({ membership }, change))}`)
  for (const { person, rank, role, grant, grants, devices } of membership.members())
    lines.push(
      `member ${short(person)} ${rank} ${role} ${short(grant)} ${list(grants)} ${devices
        .map(({ device }) => short(device))
        .sort()
        .join()}`,
    )
  for (const epoch of membership.epochs()) {
    const missed = membership.missed(epoch.hash).map(({ person, level }) => `${short(person)} ${level}`)
    const readers = membership
      .readers(epoch.hash)
      .map(({ id, level, isByShare }) => `${short(id)} ${level} ${isByShare}`)
    lines.push(
      `epoch ${short(epoch.hash)} ${epoch.isClean} to ${readers.sort().join()} missed ${missed.sort().join()} over ${list(epoch.supersedes)}`,
    )
  }
  lines.push(
    `in use ${membership.epochInUse() ? short(membership.epochInUse()?.hash as Uint8Array) : 'none'} owed ${membership.isRotationOwed()}`,
  )
  lines.push(`heads ${list(membership.heads())}`)
  for (const { hash, joins } of membership.invites()) lines.push(`invite ${short(hash)} ${joins}`)
  lines.push(`schemas ${list(membership.newestSchemas().map(({ hash }) => hash))}`)
  lines.push(
    `unsupported ${membership
      .unsupported()
      .map(({ hash }) => short(hash))
      .sort()
      .join()}`,
  )
  lines.push(
    `waiting ${membership
      .waiting()
      .map(({ change }) => short(change.hash))
      .sort()
      .join()}`,
  )
  for (const { person } of scene.actors) {
    const { grants, invites } = membership.rightsOf(person.id)
    const key = membership.sealingKey(person.id, person.tag)
    const owed = membership.cutsOwed(person.id).map(({ revocation }) => short(revocation))
    lines.push(
      `rights of ${short(person.id)} ${list(grants)} ${list(invites)} key ${key ? short(key) : 'none'} cuts owed ${owed.sort().join()}`,
    )
  }
  return lines
}

/** A fresh evaluator that gets a set in this order, in pieces. */
export const evaluate = (scene: Scene, all: readonly Change[], dice: Dice | undefined): Membership => {
  const content = createContent()
  for (const change of all) if (change.header.kind >= kinds.data) content.add(change)
  const membership = scene.newMembership(content.order)
  const changes = all.filter(({ header }) => header.kind < kinds.data)
  const order = dice ? dice.shuffle(changes) : changes
  for (let from = 0; from < order.length; ) {
    const to = from + (dice ? 1 + dice.roll(5) : order.length)
    membership.add(order.slice(from, to))
    from = to
  }
  return membership
}

const split = (all: readonly Change[]): [Change[], Change[]] => [
  all.filter(({ header }) => header.kind < kinds.data).sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
  all.filter(({ header }) => header.kind >= kinds.data).sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
]

const compare = (
  scene: Scene,
  promise: string,
  who: string,
  left: readonly string[],
  right: readonly string[],
): void => {
  if (left.join('\n') === right.join('\n')) return
  const [ours, theirs] = [new Set(left), new Set(right)]
  const differing = [
    ...left
      .filter((line) => !theirs.has(line))
      .slice(0, 3)
      .map((line) => `- ${line}`),
    ...right
      .filter((line) => !ours.has(line))
      .slice(0, 3)
      .map((line) => `+ ${line}`),
  ]
  scene.violate(promise, `${who}:\n${differing.join('\n')}`)
}

/** What a device came to change by change is what the set gives from scratch, in any order. */
export const checkIncremental = (scene: Scene, actor: Actor, dice: Dice): void => {
  const [changes, contents] = split(actor.known)
  const fresh = evaluate(scene, actor.known, dice)
  const shown = (membership: Membership) => showMembership(scene, membership, changes, contents)
  compare(scene, 'a set has one verdict', `${actor.name} and from scratch`, shown(actor.membership), shown(fresh))
}

/** What a removal has ended never comes back. */
export const checkDenials = (scene: Scene, actor: Actor): void => {
  const { membership } = actor
  for (const { header, hash, body } of actor.known) {
    if (header.kind !== kinds.removal || !body || membership.verdictOf(hash) !== 'applied') continue
    const decoded = decodeMembershipBody(kinds.removal, body)
    if (decoded.kind === 'removal') for (const grant of decoded.body.grants) actor.ended.add(toHex(grant))
  }
  const live = [
    ...membership.members().flatMap(({ grants }) => grants),
    ...membership.invites().map(({ hash }) => hash),
  ]
  for (const grant of live)
    if (actor.ended.has(toHex(grant)))
      scene.violate('no denial is undone', `${actor.name} sees ${short(grant)} live again`)
}

/** Keys that are in use are with nobody who is out or due less. */
export const checkEpochs = (scene: Scene, { name, membership }: Pick<Actor, 'name' | 'membership'>): void => {
  const members = new Map(membership.members().map((member) => [toHex(member.person), member]))
  const invites = new Map(membership.invites().map((invite) => [toHex(invite.hash), invite]))
  for (const epoch of membership.epochs()) {
    if (!epoch.isClean) continue
    const highest: Level = epoch.commitments.admin === undefined ? 'write' : 'admin'
    for (const { id, level } of membership.readers(epoch.hash)) {
      const rank = members.get(toHex(id))?.rank ?? invites.get(toHex(id))?.rank
      if (rank === undefined)
        scene.violate(
          'clean keys are with members alone',
          `${name}: ${short(epoch.hash)} is with ${short(id)}, who is out`,
        )
      else if (levelsOf[level] > Math.min(levelsOf[dueTo(rank)], levelsOf[highest]))
        scene.violate('clean keys are with members alone', `${name}: ${short(id)} has ${level} of ${short(epoch.hash)}`)
    }
    for (const { id, sealing } of epoch.recipients) {
      const member = members.get(toHex(id))
      const current = member && membership.sealingKey(member.person, member.tag)
      const tags = scene.actors.filter(({ person }) => equalBytes(person.id, id))
      if (sealing && current && tags.length > 0 && !equalBytes(sealing, current))
        scene.violate(
          'clean keys are with members alone',
          `${name}: ${short(epoch.hash)} is sealed to an old key of ${short(id)}`,
        )
    }
  }
  const lowest = membership.epochs().find(({ isClean }) => isClean)
  const inUse = membership.epochInUse()
  if (lowest && (!inUse || !equalBytes(lowest.hash, inUse.hash)))
    scene.violate('the lowest clean epoch is in use', name)
  if ((lowest === undefined) !== membership.isRotationOwed())
    scene.violate('the lowest clean epoch is in use', `${name}: owed is wrong`)
}

export const dueTo = (rank: Rank): Level => (rank === 'reader' ? 'read' : rank === 'writer' ? 'write' : 'admin')

/** Everybody's rank leads back to the genesis by grants of those who may give it. */
export const checkRanks = (scene: Scene, { name, membership }: Pick<Actor, 'name' | 'membership'>): void => {
  for (const member of membership.members()) {
    for (const grant of member.grants) {
      const given = justify(scene, grant, 0)
      if (
        !given ||
        (equalBytes(grant, member.grant) && rankNumbers[given.rank] !== rankNumbers[member.rank]) ||
        !equalBytes(given.person, member.person)
      )
        scene.violate(
          'no rank without a grant',
          `${name}: ${short(member.person)} is ${member.rank} by ${short(grant)}: ${JSON.stringify(given?.rank)}`,
        )
    }
  }
  for (const { hash, rank } of membership.invites()) {
    const found = scene.byKey.get(toHex(hash))
    const giver = found && rankOfAuthor(scene, found, 0)
    if (!giver || !mayGive(giver, rank))
      scene.violate('no rank without a grant', `${name}: invite ${short(hash)} for ${rank} by ${giver}`)
  }
}

const mayGive = (giver: Rank, rank: Rank): boolean =>
  rankNumbers[giver] >= rankNumbers.owner
    ? rankNumbers[rank] <= rankNumbers.owner
    : giver === 'admin' && rankNumbers[rank] <= rankNumbers.writer

export const rankOfAuthor = (scene: Scene, { header }: Change, depth: number): Rank | undefined => {
  const [first] = scene.actors
  if (first && equalBytes(header.device, first.person.recovery.signing)) return 'recovery'
  const right = justify(scene, header.grant, depth + 1)
  const owner = scene.actors.find(({ device }) => equalBytes(device, header.device))?.person.id
  return right && owner && equalBytes(owner, right.person) ? right.rank : undefined
}

/** What a grant gives to whom, if everybody on the way up to the genesis might give it; by the bodies alone. */
const justify = (scene: Scene, grant: Uint8Array, depth: number): { rank: Rank; person: Uint8Array } | undefined => {
  if (equalBytes(grant, scene.space)) return { rank: 'owner', person: (scene.actors[0] as Actor).person.id }
  const change = scene.byKey.get(toHex(grant))
  if (!change?.body || depth > 50) return undefined
  const decoded = decodeMembershipBody(change.header.kind, change.body)
  if (decoded.kind === 'join') {
    const invite = scene.byKey.get(toHex(change.header.grant))
    if (!invite?.body || invite.header.kind !== kinds.grant) return undefined
    const body = decodeGrant(invite.body)
    const giver = rankOfAuthor(scene, invite, depth)
    return body.type === 'invite' && giver && mayGive(giver, body.rank)
      ? { rank: body.rank, person: decoded.body.person }
      : undefined
  }
  const giver = rankOfAuthor(scene, change, depth)
  if (giver === undefined) return undefined
  if (decoded.kind === 'grant' && decoded.body.type === 'person')
    return mayGive(giver, decoded.body.rank) ? { rank: decoded.body.rank, person: decoded.body.person } : undefined
  const lower = decoded.kind === 'removal' ? decoded.body.replacement : undefined
  const isStepDown = lower !== undefined && rankNumbers[lower.rank] < rankNumbers[giver]
  return lower && (mayGive(giver, lower.rank) || isStepDown) ? { rank: lower.rank, person: lower.person } : undefined
}

/** Who is removed by the highest has no effect beyond the cut; inside it, nothing of his is touched by that removal. */
export const checkCuts = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  for (const { removal } of removalsByTop(scene, known, membership)) {
    const decoded = removal.body && decodeMembershipBody(kinds.removal, removal.body)
    if (!decoded || decoded.kind !== 'removal') continue
    const { grants, cut } = decoded.body
    const inside = chainBelow(scene, cut)
    const past = pastOf(scene, removal)
    for (const change of known) {
      const { header, hash } = change
      if (!grants.some((grant) => equalBytes(grant, header.grant))) continue
      const key = toHex(hash)
      const isContent = header.kind >= kinds.data
      // A device cut needs no grant (rule 10): it binds the devices of its own person, in or out.
      if (header.kind === kinds.deviceCut || (inside.has(key) && (isContent || past.has(key)))) continue
      const verdict = isContent ? judge({ membership }, change).status : membership.verdictOf(hash)
      if (verdict === 'applied' || verdict === 'allowed')
        scene.violate(
          'nothing beyond a cut',
          `${name}: ${nameOf(scene, change)} is ${verdict} beyond ${nameOf(scene, removal)}`,
        )
    }
  }
}

/** Honest removals by the founder's devices and the recovery key, that nothing above them could limit. */
const removalsByTop = (scene: Scene, known: readonly Change[], membership: Membership) => {
  const keys = new Set(known.map(({ hash }) => toHex(hash)))
  return scene.removals.filter(
    ({ removal, by }) =>
      by === scene.actors[0] && keys.has(toHex(removal.hash)) && membership.verdictOf(removal.hash) === 'applied',
  )
}

/** Hashes of heads and all that lies below them by `prev`. */
const chainBelow = (scene: Scene, heads: readonly Uint8Array[]): ReadonlySet<string> => {
  const found = new Set<string>()
  for (const head of heads) {
    let at = scene.byKey.get(toHex(head))
    while (at && !found.has(toHex(at.hash))) {
      found.add(toHex(at.hash))
      at = scene.byKey.get(toHex(at.header.prev))
    }
  }
  return found
}

/** The causal past on membership. */
export const pastOf = (scene: Scene, change: Change): Set<string> => {
  const found = new Set<string>()
  const open = references(change)
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const at = scene.byKey.get(key)
    if (!at || found.has(key)) continue
    found.add(key)
    open.push(...references(at))
  }
  return found
}

const references = ({ header, body }: Change): string[] => {
  const decoded = header.kind === kinds.merge && body ? decodeMembershipBody(kinds.merge, body) : undefined
  const merged = decoded?.kind === 'merge' ? decoded.body.heads : []
  const { deps, grant, admission, epoch, schema } = header
  return [...deps.membership, ...merged, ...[grant, admission, epoch, schema].filter(({ length }) => length > 0)].map(
    toHex,
  )
}

/** The founder's own device can be stopped by nobody but its person and the recovery key: what it wrote stays. */
export const checkFounder = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const [founder] = scene.actors
  if (!founder) return
  for (const change of known) {
    const { header, hash } = change
    if (!equalBytes(header.device, founder.device) || !equalBytes(header.grant, scene.space)) continue
    const isContent = header.kind >= kinds.data
    const verdict = isContent ? judge({ membership }, change).status : membership.verdictOf(hash)
    // The rules that it was written under may have been withdrawn: that is no matter of its author's.
    if (isContent && membership.verdictOf(header.schema) !== 'applied') continue
    if (
      verdict !== 'applied' &&
      verdict !== 'allowed' &&
      verdict !== 'waiting' &&
      founder.verdicts.get(toHex(hash))?.startsWith('held') !== true
    )
      scene.violate('the founder stands', `${name}: ${nameOf(scene, change)} is ${JSON.stringify(verdict)}`)
  }
}

/** A removed admin cannot void what those who removed him had seen. */
export const checkShield = (scene: Scene, actor: Pick<Actor, 'name' | 'membership' | 'known'>): void => {
  const { membership, known } = actor
  const removals = known.flatMap((change) => {
    const decoded =
      change.header.kind === kinds.removal && change.body ? decodeMembershipBody(kinds.removal, change.body) : undefined
    return decoded?.kind === 'removal' ? [{ change, grants: decoded.body.grants, cut: decoded.body.cut }] : []
  })
  for (const { removal } of removalsByTop(scene, known, membership)) {
    const own = removals.find(({ change }) => change === removal)
    if (!own) continue
    const inside = chainBelow(scene, own.cut)
    const past = pastOf(scene, removal)
    const seen = contentSeen(scene, removal, past)
    /** What the removed did beyond the cut: limited, whatever it says. */
    const limited = new Set(
      removals.filter(
        ({ change }) =>
          change === removal ||
          (own.grants.some((grant) => equalBytes(grant, change.header.grant)) &&
            !(inside.has(toHex(change.hash)) && past.has(toHex(change.hash)))),
      ),
    )
    let inPast: Membership | undefined
    const isEndedOtherwise = (grant: Uint8Array): boolean =>
      removals.some((other) => !limited.has(other) && other.grants.some((named) => equalBytes(named, grant)))
    for (const change of known) {
      const { header, hash } = change
      if (
        header.kind < kinds.data ||
        !seen.has(toHex(hash)) ||
        header.deps.membership.some((head) => !past.has(toHex(head)))
      )
        continue
      const line = lineOf(scene, header.grant)
      // The removal itself takes nothing that it accepts; what it had only heard of, and did not have, it could not list.
      const isListed = (at: Change): boolean => {
        const isNamed = own.grants.some((grant) => equalBytes(grant, at.header.grant))
        return !isNamed || inside.has(toHex(at.hash))
      }
      const givers = (line ?? []).flatMap((grant) => scene.byKey.get(toHex(grant)) ?? [])
      if (![change, ...givers].every(isListed)) continue
      if (line === undefined || line.some(isEndedOtherwise) || isDeviceEnded(scene, known, header.admission)) continue
      if (membership.verdictOf(header.schema) !== 'applied') continue
      inPast ??= evaluate(
        scene,
        known.filter(({ hash: other }) => past.has(toHex(other)) || seen.has(toHex(other))),
        undefined,
      )
      if (judge({ membership: inPast }, change).status !== 'allowed') continue
      const now = judge({ membership }, change)
      if (now.status !== 'allowed')
        scene.violate(
          'what a remover saw stays',
          `${actor.name}: ${nameOf(scene, change)} is ${judgementToText(now)}, though ${nameOf(scene, removal)} had seen it`,
        )
    }
  }
}

/** The grants that a grant rests on, itself first; undefined where a recovery key or nobody gave one. */
const lineOf = (scene: Scene, grant: Uint8Array): Uint8Array[] | undefined => {
  const line: Uint8Array[] = []
  for (let at = grant; line.length < 50; ) {
    line.push(at)
    if (equalBytes(at, scene.space)) return line
    const change = scene.byKey.get(toHex(at))
    if (!change) return undefined
    at = change.header.grant
  }
  return undefined
}

const isDeviceEnded = (scene: Scene, known: readonly Change[], admission: Uint8Array): boolean =>
  known.some((change) => {
    if (change.header.kind !== kinds.removal || !change.body || equalBytes(change.header.space, scene.space))
      return false
    const decoded = decodeMembershipBody(kinds.removal, change.body)
    return decoded.kind === 'removal' && decoded.body.grants.some((grant) => equalBytes(grant, admission))
  })

const contentSeen = (scene: Scene, removal: Change, past: ReadonlySet<string>): Set<string> => {
  const found = new Set<string>()
  const open = [removal, ...[...past].flatMap((key) => scene.byKey.get(key) ?? [])].flatMap(({ header }) =>
    header.deps.content.map(toHex),
  )
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const at = scene.byKey.get(key)
    if (!at || found.has(key)) continue
    found.add(key)
    open.push(...[at.header.prev, ...at.header.deps.content].filter(({ length }) => length > 0).map(toHex))
  }
  return found
}

/** What a change's own past says of it is said by that past alone: no set that holds more says otherwise. */
export const checkPurity = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
  dice: Dice,
): void => {
  for (let n = 0; n < 4 && known.length > 0; n += 1) {
    const change = dice.pick(known)
    const past = pastOf(scene, change)
    if (
      [...past].some((key) => !known.some(({ hash }) => toHex(hash) === key)) ||
      references(change).some((key) => !scene.byKey.has(key))
    )
      continue
    const alone = evaluate(scene, [...known.filter(({ hash }) => past.has(toHex(hash))), change], undefined)
    const [small, large] = [alone, membership].map((evaluator) =>
      change.header.kind >= kinds.data
        ? judgementToText(judge({ membership: evaluator }, change))
            .split(' ')
            .slice(0, 2)
            .join(' ')
        : verdictCode(evaluator, change),
    ) as [string, string]
    // Cuts that have come since may leave it outside; but what its own past forbids stays forbidden, for the same reason.
    const isLater = isVoid.test(large) && (/^(applied|allowed)/.test(small) || isVoid.test(small))
    if (small !== large && !isLater)
      scene.violate(
        'a verdict is of its own past',
        `${name}: ${nameOf(scene, change)} is ${large}, by its own past ${small}`,
      )
  }
}

/** Reasons that come from the set, not from the change. */
const isVoid = /outside|rests-on-void|bad-schema/

const verdictCode = (membership: Membership, { hash }: Change): string => {
  const verdict = membership.verdictOf(hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}

/** An invite lets in no more than it says, as far as those who came knew of each other; and nobody late. */
export const checkInvites = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const joins = known.filter(
    ({ header, hash }) => header.kind === kinds.join && membership.verdictOf(hash) === 'applied',
  )
  for (const join of joins) {
    const grant = scene.byKey.get(toHex(join.header.grant))
    const body = grant?.body && grant.header.kind === kinds.grant ? decodeGrant(grant.body) : undefined
    if (body?.type !== 'invite') {
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} joins by what is no invite`)
      continue
    }
    const past = pastOf(scene, join)
    const before = joins.filter(
      (other) => past.has(toHex(other.hash)) && equalBytes(other.header.grant, join.header.grant),
    )
    if (body.uses !== null && before.length >= body.uses)
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} is one too many`)
    if (body.expires !== null && join.header.time.ms > body.expires)
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} is late`)
  }
}

/** After all has come to all, in orders of their own. */
export const checkScene = (scene: Scene, dice: Dice): void => {
  const all = [...scene.changes, ...scene.contents]
  const [changes, contents] = split(all)
  const fresh = evaluate(scene, all, undefined)
  const shown = showMembership(scene, fresh, changes, contents)
  for (let n = 0; n < 2; n += 1)
    compare(
      scene,
      'a set has one verdict',
      `order ${n}`,
      shown,
      showMembership(scene, evaluate(scene, all, dice), changes, contents),
    )
  for (const [n, actor] of dice.shuffle(scene.actors).entries()) {
    // Each costs as much as all that it knows.
    if (n < 2) checkIncremental(scene, actor, dice)
    for (let lacking = lackingOf(scene, actor); lacking.length > 0; lacking = lackingOf(scene, actor))
      learn(scene, actor, dice.shuffle(lacking).slice(0, 1 + dice.roll(lacking.length)))
    checkDenials(scene, actor)
    compare(
      scene,
      'a set has one verdict',
      `${actor.name} at the end`,
      shown,
      showMembership(scene, actor.membership, changes, contents),
    )
  }
  const whole = { name: 'all', membership: fresh, known: all }
  checkAll(scene, whole, dice)
  scene.count(`members ${fresh.members().length}`)
}

const lackingOf = (scene: Scene, { knownKeys }: Actor): Change[] =>
  [...scene.changes, ...scene.contents].filter(({ hash }) => !knownKeys.has(toHex(hash)))

export const checkAll = (scene: Scene, at: Pick<Actor, 'name' | 'membership' | 'known'>, dice: Dice): void => {
  checkEpochs(scene, at)
  checkRanks(scene, at)
  checkCuts(scene, at)
  checkFounder(scene, at)
  checkShield(scene, at)
  checkInvites(scene, at)
  checkPurity(scene, at, dice)
}
