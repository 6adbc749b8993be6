import { equalBytes, KithError } from '../bytes/index.ts'
import {
  type Chain,
  type Change,
  encodeSegment,
  kinds,
  kindToChain,
  type Segment,
  type UnpackedSegment,
} from '../change/index.ts'
import {
  type CompiledRecord,
  type Content,
  createContent,
  createContentOrder,
  type SpaceEntry,
} from '../database/index.ts'
import { type EpochSecrets, secretsToLevel } from '../keys/index.ts'
import {
  type ContentOrder,
  createMembership,
  decodeShare,
  type Epoch,
  type EpochBody,
  type Level,
  type Member,
  type Membership,
  type MembershipEffects,
  type SchemaRecord,
} from '../membership/index.ts'
import { schemaStep } from '../schema/index.ts'
import { createBoxOpener } from './boxes.ts'
import type { Engine } from './engine.ts'
import { createEpochs, type HeldEpoch, isHeld, type LinkedHistory, type ReplicaEpoch } from './epochs.ts'
import { createIncoming, type ReceiveResult } from './incoming.ts'
import { createMembershipLog } from './membership-log.ts'
import { findOrigin } from './origin.ts'
import { findOurs, type Ours, type UsableRecord } from './ours.ts'
import type { Origin } from './outbox.ts'
import { createOwnContent, type OwnContent } from './own-content.ts'
import { createOwnMembership, type OwnMembership } from './own-membership.ts'
import { startEpoch } from './rotation.ts'
import { epochSecretToBytes, keepSecret, loadSecret } from './secrets.ts'
import { createWaitingKeys } from './waiting-keys.ts'

export { type HeldEpoch, isHeld, type ReplicaEpoch } from './epochs.ts'
export type { PendingChange } from './own-content.ts'
export type { MembershipWriting } from './own-membership.ts'

/** One space on this device: who may do what in it, its keys, and what becomes of its changes. */
export type Replica = {
  readonly entry: SpaceEntry
  readonly membership: Membership
  readonly content: Content
  /** The record that changes are made under now. @throws KithError `not-found` before one has come. */
  readonly record: () => UsableRecord
  readonly me: () => Member | undefined
  /** There are rules here that this version cannot judge: it must not write. */
  readonly isReadOnly: () => boolean
  /** Epochs that can be read here, the one in use first; those without `secrets` by a link alone. */
  readonly epochs: () => readonly ReplicaEpoch[]
  readonly epochInUse: () => HeldEpoch | undefined
  /** Links from an epoch that we start, of which these are the secrets. */
  readonly links: (secrets: EpochSecrets, history?: LinkedHistory) => EpochBody['links']
  readonly addEpochSecret: (hash: Uint8Array, level: Level, secret: Uint8Array) => void
  /** Keys of an epoch were kept whose record is not here. */
  readonly keysCame: () => void
  readonly begin: OwnContent['begin']
  readonly writeData: OwnContent['write']
  readonly reissue: OwnContent['reissue']
  readonly writeMembership: OwnMembership['write']
  readonly draftMembership: OwnMembership['draft']
  readonly mergeHeads: OwnMembership['mergeHeads']
  /** Takes a segment that this device has just made and signed. */
  readonly keepOwn: (segment: Segment) => void
  /** Takes segments from elsewhere. Nothing of a segment that does not verify is kept. */
  readonly receive: (segments: readonly UnpackedSegment[], from: Origin | undefined, chain: Chain) => ReceiveResult
  readonly retry: () => void
  /** All membership changes here, the carried ones too. */
  readonly changes: () => readonly Change[]
  /** The change that began an epoch, whatever its verdict. */
  readonly epochRecord: (epoch: Uint8Array) => Change | undefined
  /** The boxes of an epoch came; `too-large` where they belong to nothing and there are many. */
  readonly boxesCame: (boxes: Uint8Array) => void
  /** A person's changes travel with the space from now on: somebody is to become a member who is known from elsewhere. */
  readonly carry: (person: number) => void
  /** Takes changes of a person that came elsewhere on this device. */
  readonly learn: (changes: readonly Change[]) => void
  readonly carries: (person: number) => boolean
  /** Keys have come that boxes may be sealed to. */
  readonly openBoxes: () => void
  /** Clean epochs whose box for us does not open, or not to what the record says. */
  readonly brokenEpochs: () => Epoch[]
  /** Clean epochs whose box for us has not come. */
  readonly boxlessEpochs: () => Epoch[]
  /** Who may do what if this change were here too: nothing is kept. */
  readonly membershipWith: (change: Change) => Membership
  readonly ownWrites: OwnContent['writes']
}

/**
 * Membership, keys and content of a space change together in one transaction, because each is judged by the others. `wrap` is for tests that
 * turn verdicts by hand.
 */
export const createReplica = (
  engine: Engine,
  entry: SpaceEntry,
  wrap: (membership: Membership, order: ContentOrder) => Membership = (membership) => membership,
): Replica => {
  const { platform, statements, unit, person, clock, whole } = engine
  const { crypto, compression } = platform
  const store = engine.store()
  const { registry, history, records } = store
  const isPerson = entry.n === engine.personSpace
  let epochs: ReplicaEpoch[] | undefined
  /** Found anew after each membership change. */
  let known: Ours | undefined

  const contentOrder = createContentOrder(history, registry, entry.n)
  const evaluator = () => createMembership({ crypto, space: entry.id, schemaStep, contentOrder })
  const membership = wrap(evaluator(), contentOrder)
  const origin = findOrigin({ statements, history, membership, space: entry.n })
  const content = createContent({
    store,
    space: entry,
    crypto,
    membership,
    origin,
    arrivals: contentOrder,
    observe: clock.observe,
  })
  const keys = createEpochs({ crypto, statements, space: entry, membership })
  const loadEpochs = (): readonly ReplicaEpoch[] => (epochs ??= keys.load())
  const compile = ({ record }: SchemaRecord): CompiledRecord | undefined => records.get(record, membership.app() ?? '')
  const ours = (): Ours => (known ??= findOurs({ engine, membership, isPerson, epochs: loadEpochs, compile }))
  const record = (): UsableRecord => {
    const found = ours().record
    if (!found) throw new KithError('not-found', 'The space is not here yet. Wait until it has synced.')
    return found
  }
  const tell = (touched: ReadonlySet<string>): void => engine.notifier.touch(entry.n, [...touched, ''])

  /** Whether there may be something sealed to us in it; a space of thousands has a share for each who joined. */
  const bringsKeys = ({ header, body }: Change): boolean =>
    header.kind === kinds.epoch ||
    (header.kind === kinds.keys && equalBytes(header.space, person.person)) ||
    (header.kind === kinds.share &&
      body !== undefined &&
      decodeShare(body).boxes.some((box) => equalBytes(box.person, person.person)))

  const membershipAdded = (changes: readonly Change[], { applied }: MembershipEffects): void => {
    epochs = undefined
    known = undefined
    if (applied.some(bringsKeys)) boxes.open()
    if (changes.some(bringsKeys) && waitingKeys.look()) epochs = undefined
    engine.membershipCame(entry.n)
    // Records of the past too: changes made under them may still come, and name columns that are dropped by now.
    for (const { hash, header } of applied) {
      const schema = header.kind === kinds.schema ? membership.schema(hash) : undefined
      const compiled = schema && compile(schema)
      if (compiled) engine.prepareTables(compiled.record)
    }
  }
  const keysCame = (): void => {
    epochs = undefined
    engine.membershipCame(entry.n)
  }
  const addEpochSecret: Replica['addEpochSecret'] = (hash, level, secret) => {
    const value = epochSecretToBytes(level, secret)
    const kept = loadSecret(statements, entry.n, 'epoch', hash)
    // No news: whoever looks for something whenever keys have come, and finds these again, would look for ever.
    if (kept && equalBytes(kept, value)) return
    unit.enter()
    keepSecret(statements, entry.n, 'epoch', hash, value)
    known = undefined
    keysCame()
  }

  const log = createMembershipLog({ engine, space: entry, membership, content, added: membershipAdded, tell })
  const ownMembership = createOwnMembership({ engine, space: entry, membership, log, ours })
  const ownContent = createOwnContent({
    engine,
    space: entry,
    membership,
    content,
    origin,
    ours,
    record,
    hasKeys: () => loadEpochs().some(isHeld),
    startEpoch: () => startEpoch(engine, replica, { joinsLast: true }),
    mergeHeads: ownMembership.mergeHeads,
    tell,
  })
  const boxes = createBoxOpener({
    engine,
    space: entry,
    membership,
    levelOf: (hash) => {
      const epoch = loadEpochs().find((candidate) => equalBytes(candidate.hash, hash))
      return epoch?.secrets && secretsToLevel(epoch.secrets)
    },
    addSecret: addEpochSecret,
  })
  const waitingKeys = createWaitingKeys({
    engine,
    space: entry,
    membership,
    isHeld: (hash) => loadEpochs().some((epoch) => isHeld(epoch) && equalBytes(epoch.hash, hash)),
  })
  const incoming = createIncoming({
    engine,
    space: entry,
    content,
    addMembership: log.add,
    membershipSettled: log.settled,
    carry: log.carry,
    tell,
  })

  const replica: Replica = {
    entry,
    membership,
    content,
    record,
    me: () => ours().me,
    isReadOnly: () => ours().isReadOnly,
    epochs: loadEpochs,
    epochInUse: () => ours().epoch,
    links: keys.links,
    keysCame,
    addEpochSecret,
    begin: ownContent.begin,
    writeData: ownContent.write,
    reissue: ownContent.reissue,
    writeMembership: ownMembership.write,
    draftMembership: ownMembership.draft,
    mergeHeads: ownMembership.mergeHeads,
    keepOwn: (segment) => {
      unit.enter()
      const bytes = encodeSegment(segment)
      const chain = registry.chainOf(
        entry.n,
        segment.device,
        kindToChain((segment.changes[0] as Change).header.kind) === 'membership' ? 0 : 1,
      )
      const { stored } = history.store(chain, segment, compression.deflate(bytes), bytes.length, true)
      log.settled(log.add(segment.changes))
      if (isPerson) engine.personCame(entry.n, segment.changes, entry.n)
      if (stored) engine.spread(entry.n, stored)
    },
    receive: (segments, from, expected) => whole(() => incoming.receive(segments, from, expected)),
    retry: () =>
      whole(() => {
        unit.enter()
        tell(content.retry(clock.nowMs()))
      }),
    changes: log.changes,
    epochRecord: log.recordOf,
    boxesCame: (sealed) => {
      boxes.came(sealed)
      boxes.open()
      if (waitingKeys.look()) keysCame()
    },
    carry: (home) => {
      unit.enter()
      log.carry(home)
      const stored = log.segmentsOf(home)
      log.settled(log.add(stored.flatMap((segment) => history.decode(segment).changes)))
      const hubs = engine.hubs().map(({ n }) => n)
      for (const segment of stored) engine.queueFor(hubs, entry.n, segment)
    },
    learn: (changes) => log.settled(log.add(changes)),
    carries: log.carries,
    openBoxes: () => boxes.open(),
    brokenEpochs: () => boxes.broken(),
    boxlessEpochs: () => boxes.boxless(),
    membershipWith: (change) => {
      const other = evaluator()
      other.add([...log.changes(), change])
      return other
    },
    ownWrites: ownContent.writes,
  }
  if (entry.kind === 'space') log.carry((registry.space(person.person) as SpaceEntry).n)
  log.open()
  return replica
}
