import { toHex } from '../bytes/index.ts'
import type { Change } from '../change/index.ts'
import { appToHash, formatPublicLink, openLinks } from '../keys/index.ts'
import type { Epoch } from '../membership/index.ts'
import { createAcquaintance } from './acquaintance.ts'
import type { PublishOptions, PublishPreview } from './sharing-api.ts'
import type { Engine } from './engine.ts'
import { contentOf, countTables } from './preview.ts'
import type { Replica, ReplicaEpoch } from './replica.ts'
import { requireRank } from './roles.ts'
import { isPublicNow, newestOf, startEpoch } from './rotation.ts'

/**
 * Lets everybody who has the link read the space (membership rule 22): a new epoch, whose record shows its read secret. `retitle` writes
 * the space's name again, for the old one may lie in what is not shown.
 *
 * @throws KithError `rank-too-low`, `not-allowed`.
 */
export const publish = (engine: Engine, replica: Replica, options: PublishOptions, retitle: () => void): void => {
  requireRank(replica, 'admin', 'make a space public')
  const { history = false } = options
  if (history) requireRank(replica, 'owner', 'make what was written so far public')
  if (!history && isPublicNow(replica.membership) && replica.epochInUse()) return
  engine.whole(() => {
    startEpoch(engine, replica, { isPublic: true, hidesHistory: !history })
    if (!history) retitle()
  })
}

/** A new epoch that is not public. @throws KithError `rank-too-low`, `not-allowed`. */
export const makePrivate = (engine: Engine, replica: Replica): void => {
  requireRank(replica, 'admin', 'make a space private')
  const isShown = newestOf(replica.membership.epochs()).some(({ publicSecret }) => publicSecret !== undefined)
  if (isShown) startEpoch(engine, replica, { isPublic: false })
}

/** The link to what is written now; undefined where the space is not public. */
export const publicLink = (engine: Engine, replica: Replica): string | undefined => {
  const record = publicRecord(replica)
  if (!record?.publicSecret) return undefined
  const { crypto } = engine.platform
  return formatPublicLink(crypto, {
    space: replica.entry.id,
    appHash: appToHash(crypto, replica.entry.app),
    epoch: record.hash,
    readSecret: record.publicSecret,
    logWriteKey: record.policy.write,
    logAdminKey: record.policy.admin,
    hubs: engine.hubs().map(({ key, url }) => ({ key: key ?? new Uint8Array(32), url })),
  })
}

/** The epoch under which is written now; where new keys are owed, the public one that an admin's next would follow. */
const publicRecord = ({ membership }: Replica): Epoch | undefined =>
  membership.epochInUse() ?? (isPublicNow(membership) ? newestOf(membership.epochs())[0] : undefined)

/** Whether everybody with the link reads what is written now. */
export const isPublic = (replica: Replica): boolean => publicRecord(replica)?.publicSecret !== undefined

/** What `publish` with the same options would show to everybody. Looks through all of the space's history. */
export const previewPublish = (
  engine: Engine,
  replica: Replica,
  { history = false }: PublishOptions,
): PublishPreview => {
  engine.unit.commit()
  const people = createAcquaintance(engine, replica)
  const members = replica.membership.members().flatMap(({ person }) => people.person(person) ?? [])
  const formerMembers = people.all().filter(({ address }) => !members.some((member) => member.address === address))
  const content = contentOf(engine, replica)
  const open = publicEpochs(engine, replica)
  const isOpen = ({ header }: Change): boolean => open.has(toHex(header.epoch))
  const newlyShown = history ? content.filter((change) => !isOpen(change)) : []
  const facts = {
    members,
    formerMembers,
    history: { changes: newlyShown.length, tables: countTables(replica.membership, newlyShown) },
    hiddenChanges: history ? 0 : content.filter((change) => !isOpen(change)).length,
  }
  return { ...facts, text: toText(facts) }
}

/** Epochs whose content everybody can read by now, with a link of today or an older one. */
const publicEpochs = (engine: Engine, replica: Replica): ReadonlySet<string> => {
  const { crypto } = engine.platform
  const records = new Map(replica.membership.epochs().map((record) => [toHex(record.hash), record]))
  const isPublished = ({ hash }: { hash: Uint8Array }): boolean => records.get(toHex(hash))?.publicSecret !== undefined
  const found = new Set<string>()
  const queue: Pick<ReplicaEpoch, 'hash' | 'keys'>[] = replica.epochs().filter(isPublished)
  for (const { hash, keys } of queue) {
    const name = toHex(hash)
    if (found.has(name) || keys.content === undefined) continue
    found.add(name)
    queue.push(...openLinks(crypto, replica.entry.id, keys, records.get(name)?.links ?? []))
  }
  return found
}

const toText = ({ members, formerMembers, history, hiddenChanges }: Omit<PublishPreview, 'text'>): string => {
  const earlier = formerMembers.length === 0 ? '' : ` and ${formerMembers.length} former ones`
  const sentences = [
    'Everybody who gets the link can read the space, from any hub that has it, and can pass the link on.',
    `The addresses of its ${members.length} members${earlier}, their roles and when they joined become readable by everybody, and how readers call themselves; so does what members write from now on.`,
  ]
  if (history.changes > 0)
    sentences.push(`All that was written so far becomes readable too: ${history.changes} changes.`)
  else if (hiddenChanges > 0)
    sentences.push(`What was written so far stays hidden: ${hiddenChanges} changes. An owner can choose to show it.`)
  sentences.push('What somebody has read cannot be taken back: private again concerns what is written after that.')
  return sentences.join(' ')
}
