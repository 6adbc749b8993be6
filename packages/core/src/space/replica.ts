// One space on this device is one thing: membership, keys and content change together in one transaction, because each is judged by the others.
import { assert, equalBytes, KithError, toHex } from '../bytes/index.ts'
import {
  type Chain,
  type Change,
  createChange,
  createOpIds,
  type DataBody,
  encodeDataBody,
  encodeSegment,
  kinds,
  kindToChain,
  noBytes,
  type Op,
  opToCount,
  type Segment,
  type Time,
  type UnpackedSegment,
} from '../change/index.ts'
import {
  type CompiledRecord,
  type Content,
  createContent,
  createContentOrder,
  judgeByAll,
  notUnderstood,
  type SpaceEntry,
  type StoredSegment,
} from '../database/index.ts'
import { type EpochSecrets, secretsToLevel } from '../keys/index.ts'
import { bodyBytesMax, cutHeadsMax, depsHeadsMax } from '../limits/index.ts'
import {
  type ContentOrder,
  createMembership,
  decodeShare,
  encodeMerge,
  type Epoch,
  type EpochBody,
  type Level,
  type Member,
  type Membership,
} from '../membership/index.ts'
import { prepareTables, rankNumbers, schemaStep } from '../schema/index.ts'
import { createBoxOpener } from './boxes.ts'
import { createDataHeaders } from './data-header.ts'
import type { Engine } from './engine.ts'
import { createIncoming, type ReceiveResult } from './incoming.ts'
import { createEpochs, type HeldEpoch, isHeld, type LinkedHistory, type ReplicaEpoch } from './epochs.ts'
import { findOrigin } from './origin.ts'
import type { Origin } from './outbox.ts'
import { notMember } from './roles.ts'
import { createReissue } from './reissue.ts'
import { startEpoch } from './rotation.ts'
import { createWaitingKeys } from './waiting-keys.ts'
import { epochSecretToBytes, keepSecret } from './secrets.ts'

/** One space on this device: who may do what in it, its keys, and what becomes of its changes. */
export type Replica = {
  readonly entry: SpaceEntry
  readonly membership: Membership
  readonly content: Content
  /** The record that changes are made under now. @throws KithError `not-found` before one has come. */
  readonly record: () => { hash: Uint8Array; compiled: CompiledRecord }
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
  /** Begins a change of ours: its time and salt settle the ids of its rows. */
  readonly begin: () => PendingChange
  /** Judges and applies a change of ours. @throws KithError `not-allowed`, `bad-value`, `too-large`. */
  readonly writeData: (pending: PendingChange, ops: readonly Op[]) => Change
  /** @throws KithError `not-allowed` where the rules of the space refuse it; nothing of its transaction is kept then. */
  /** Gives effect to a change that was held back, by our right. @throws KithError `not-allowed`. */
  readonly reissue: (target: Change) => Change
  readonly writeMembership: (kind: number, body: Uint8Array, how?: MembershipWriting) => Change
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
  /** Who may do what if this change were here too: nothing is kept. */
  readonly membershipWith: (change: Change) => Membership
  /** The change that `writeMembership` would write now. */
  readonly draftMembership: (kind: number, body: Uint8Array, how?: MembershipWriting) => Change
  /** Grows with each change of ours, so that an async transaction can tell whether it was alone. */
  readonly ownWrites: () => number
}

export { type HeldEpoch, isHeld, type ReplicaEpoch } from './epochs.ts'
export type MembershipWriting = {
  /** Content heads that it names: what its author has seen, which no removal of him may void (membership rule 4). */
  readonly content?: readonly Uint8Array[]
  /** In one transaction with the membership change before: all of them or none. */
  readonly joinsLast?: boolean
}
export type PendingChange = {
  readonly time: Time
  readonly salt: Uint8Array
  readonly opId: (index: number) => Uint8Array
}

/** `wrap` is for tests that turn verdicts by hand. */
export const createReplica = (
  engine: Engine,
  entry: SpaceEntry,
  wrap: (membership: Membership, order: ContentOrder) => Membership = (membership) => membership,
): Replica => {
  const { platform, statements, unit, person, clock, whole } = engine
  const { crypto, compression } = platform
  const store = engine.store()
  const { registry, history, records, frontier } = store
  const own = person.device.signing.publicKey
  const personSpace = registry.space(person.person) as SpaceEntry
  let ownWrites = 0

  const evaluator = () =>
    createMembership({
      crypto,
      space: entry.id,
      schemaStep,
      contentOrder,
    })
  const contentOrder = createContentOrder(history, registry, entry.n)
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
  let epochs: ReplicaEpoch[] | undefined
  const epochRecords = new Map<string, Change>()
  /** All membership changes here: the evaluator has them in memory anyway. */
  const held = new Map<string, Change>()
  /** Found anew after each membership change: every write asks for them. */
  let known:
    | {
        me: Member | undefined
        heads: Uint8Array[]
        newest: { hash: Uint8Array; compiled: CompiledRecord } | undefined
        isReadOnly: boolean
        epoch: HeldEpoch | undefined
      }
    | undefined
  const isPerson = entry.n === engine.personSpace
  /** Devices are the members of their person's own space, each by its admission (membership rule 9). */
  const findMe = (): Member | undefined => {
    if (!isPerson) return membership.member(person.person)
    const isLive = membership.devices(person.person).some(({ device }) => equalBytes(device, own))
    const { address, admission: grant, tagKeys } = person
    const tag = tagKeys[0]?.tag ?? noBytes
    const rank = 'owner' as const
    return isLive
      ? { person: person.person, address, rank, role: rank, grant, grants: [grant], tag, devices: [] }
      : undefined
  }
  const facts = () =>
    (known ??= {
      me: findMe(),
      heads: membership.heads(),
      newest: newestUsable(),
      isReadOnly: membership.unsupported().length > 0,
      epoch: findEpochInUse(),
    })
  /** The clean epoch with the lowest hash; of those that we have keys of, where that is not among them. */
  const findEpochInUse = (): HeldEpoch | undefined => {
    const lowest = membership.epochInUse()
    if (!lowest) return undefined
    const held = replica.epochs().filter(isHeld)
    const ours = ({ hash }: { hash: Uint8Array }) => held.find((epoch) => equalBytes(epoch.hash, hash))
    return ours(lowest) ?? membership.epochs().flatMap((epoch) => (epoch.isClean ? (ours(epoch) ?? []) : []))[0]
  }
  const compiledOf = ({ hash, record }: { hash: Uint8Array; record: Uint8Array }): CompiledRecord | undefined =>
    records.get(hash, record, membership.app() ?? '')
  const newestUsable = () => {
    let newest: { hash: Uint8Array; compiled: CompiledRecord } | undefined
    // Of records published side by side the one of the highest version, which names all that the others do where people are honest.
    for (const schema of membership.newestSchemas()) {
      const compiled = compiledOf(schema)
      if (compiled && !(newest && newest.compiled.record.version >= compiled.record.version))
        newest = { hash: schema.hash, compiled }
    }
    return newest
  }

  const carriedSpaces = (): number[] =>
    statements('SELECT person FROM carried WHERE space = ?')
      .all(entry.n)
      .map((row) => row.person as number)
  /** Asked for each of thousands of people that a joiner loads. */
  const carries = (home: number): boolean =>
    statements('SELECT 1 FROM carried WHERE space = ? AND person = ?').get(entry.n, home) !== undefined
  /** Returns the hashes of what can be judged now: each of these may end a wait. */
  const addMembership = (changes: readonly Change[]): Uint8Array[] => {
    if (changes.length === 0) return []
    for (const change of changes) {
      const name = toHex(change.hash)
      if (change.body || !held.has(name)) held.set(name, change)
      const isRecord = change.header.kind === kinds.epoch && equalBytes(change.header.space, entry.id)
      if (isRecord) epochRecords.set(toHex(change.hash), change)
    }
    const effects = membership.add(changes)
    epochs = undefined
    known = undefined
    if (effects.applied.some(bringsKeys)) boxes.open()
    if (changes.some(bringsKeys) && waitingKeys.look()) epochs = undefined
    engine.membershipCame(entry.n)
    // Records of the past too: changes made under them may still come, and name columns that are dropped by now.
    for (const { hash, header } of effects.applied) {
      const schema = header.kind === kinds.schema ? membership.schema(hash) : undefined
      const compiled = schema && compiledOf(schema)
      if (compiled) prepareTables(engine.database, compiled.record)
    }
    shaken.push(...effects.shaken)
    return [...effects.applied, ...effects.unsupported, ...effects.heldBack.map(({ change }) => change)].map(
      ({ hash }) => hash,
    )
  }
  /** Devices whose content may be judged otherwise since the last `membershipSettled`. */
  let shaken: Uint8Array[] = []
  /** Call with what `addMembership` returned, when all was added, in the same transaction: content is judged by it. */
  const membershipSettled = (hashes: readonly Uint8Array[]): void => {
    const devices = shaken
    shaken = []
    statements('UPDATE space SET settled = ? WHERE n = ? AND settled <> ?').run(held.size, entry.n, held.size)
    const nowMs = clock.nowMs()
    if (hashes.length > 0) tell(content.membershipCame(hashes, nowMs))
    if (devices.length > 0) tell(content.reconsider(devices, nowMs))
  }
  /** What came while the space was not open, by way of another that carries the same people. */
  const settleMissed = (hashes: readonly Uint8Array[]): void => {
    shaken = []
    const settled = statements('SELECT settled FROM space WHERE n = ?').get(entry.n)?.settled
    if (settled === held.size) return
    unit.enter()
    if (settled === notUnderstood) {
      statements('UPDATE space SET settled = ? WHERE n = ?').run(held.size, entry.n)
      tell(content.rebuild(clock.nowMs()))
      return
    }
    shaken = registry.chainsOf(entry.n).flatMap((chain) => (chain.class === 1 ? [chain.device] : []))
    membershipSettled(hashes)
  }

  /** Whether there may be something sealed to us in it; a space of thousands has a share for each who joined. */
  const bringsKeys = ({ header, body }: Change): boolean =>
    header.kind === kinds.epoch ||
    (header.kind === kinds.keys && equalBytes(header.space, person.person)) ||
    (header.kind === kinds.share &&
      body !== undefined &&
      decodeShare(body).boxes.some((box) => equalBytes(box.person, person.person)))

  const storedMembership = (space: number): StoredSegment[] =>
    registry
      .chainsOf(space)
      .filter((chain) => chain.class === 0)
      .flatMap((chain) =>
        history.segmentNumbers(chain.n).map((number) => {
          const stored = history.segment(number)
          assert(stored, 'a segment number without a segment')
          return stored
        }),
      )

  const allChanges = (): Change[] => {
    const spaces = entry.kind === 'person' ? [entry.n] : [entry.n, ...carriedSpaces()]
    const chains = spaces.flatMap((space) => registry.chainsOf(space).filter((chain) => chain.class === 0))
    return [
      ...spaces.flatMap(storedMembership).flatMap((stored) => history.decode(stored).changes),
      ...chains.flatMap((chain) => history.unsealed(chain.n).map(({ change }) => change)),
    ]
  }

  /** Nothing is written where it is known: a replica is made for reading too, on a disk that is full. */
  const carry = (space: number): void => {
    if (!carries(space)) statements('INSERT INTO carried (space, person) VALUES (?, ?)').run(entry.n, space)
  }

  const replica: Replica = {
    entry,
    membership,
    content,
    record: () => {
      const { newest } = facts()
      if (!newest) throw new KithError('not-found', 'The space is not here yet. Wait until it has synced.')
      return newest
    },
    me: () => facts().me,
    isReadOnly: () => facts().isReadOnly,
    epochs: () => (epochs ??= keys.load()),
    epochInUse: () => facts().epoch,
    links: keys.links,
    keysCame: () => {
      epochs = undefined
      engine.membershipCame(entry.n)
    },
    addEpochSecret: (hash, level, secret) => {
      unit.enter()
      keepSecret(statements, entry.n, 'epoch', hash, epochSecretToBytes(level, secret))
      epochs = undefined
      known = undefined
      engine.membershipCame(entry.n)
    },
    begin: () => {
      const time = clock.nextForContent()
      const salt = crypto.randomBytes(16)
      return { time, salt, opId: createOpIds(crypto, { space: entry.id, device: own, salt, time }) }
    },
    writeData: (pending, ops) => {
      if (!facts().me) throw notMember(membership, own, replica.epochs().some(isHeld))
      if (facts().heads.length > depsHeadsMax) {
        unit.enter()
        mergeHeads()
      }
      // Whoever could wait for another's epoch has done so before (`upkeep.ts`); a write never fails for want of one.
      const mayStart = facts().me && facts().me?.rank !== 'reader' && membership.isRotationOwed()
      if (!facts().epoch && mayStart) startEpoch(engine, replica, { joinsLast: true })
      const header = headers.next(pending.time)
      const author = membership.judgeAuthor(header)
      if (author.status !== 'allowed') {
        throw new KithError(
          'not-allowed',
          author.status === 'heldBack'
            ? author.message
            : 'The space has rules that this version does not know. Update this program.',
        )
      }
      const { compiled } = replica.record()
      const body = opsToBody(pending.salt, ops)
      const verdict = judgeByAll(author.schemas, records, {
        crypto,
        record: compiled,
        space: entry.id,
        body,
        opId: pending.opId,
        isOwn: true,
        origin,
        author: { rank: rankNumbers[author.rank], role: author.role, address: author.address },
      })
      if (verdict.state === 'held back')
        throw new KithError(verdict.code === 'bad-value' ? 'bad-value' : 'not-allowed', verdict.reason)
      if (verdict.state === 'waiting') throw new KithError('not-found', verdict.reason)
      const bytes = encodeDataBody(pending.salt, ops)
      if (bytes.length > bodyBytesMax) {
        throw new KithError('too-large', `One change holds at most ${bodyBytesMax} bytes. Use several transactions.`, {
          bytes: bytes.length,
          bodyBytesMax,
        })
      }
      unit.enter()
      const change = createChange(crypto, header, bytes)
      const touched = whole(() =>
        content.applyOwn(
          { number: headers.append(change), change },
          { record: compiled, body, opId: pending.opId, address: author.address },
        ),
      )
      ownWrites += 1
      engine.touchSpace(entry.n, pending.time.ms)
      engine.notifier.touch(entry.n, touched.size > 0 ? touched : [''])
      return change
    },
    reissue: (target) => {
      const change = createReissue(crypto, content, headers.next(clock.nextForContent()), target, clock.nowMs())
      unit.enter()
      const touched = whole(() => content.takeOwn({ number: headers.append(change), change }, clock.nowMs()))
      ownWrites += 1
      engine.touchSpace(entry.n, change.header.time.ms)
      tell(touched)
      return change
    },
    writeMembership: (kind, body, how = {}) => {
      if (!replica.me()) throw new KithError('not-allowed', 'Only members can do this.')
      // A transaction of its own: if the rules refuse it, nobody else's writes are undone with it.
      if (!how.joinsLast) unit.commit()
      if (engine.store() !== store)
        throw new KithError('storage-unavailable', 'What was written just before could not be stored. Try again.')
      unit.enter()
      mergeHeads()
      return appendMembership(replica.draftMembership(kind, body, how))
    },
    draftMembership: (kind, body, { content: seen = [] } = {}) => {
      const me = replica.me()
      if (!me) throw new KithError('not-allowed', 'Only members can do this.')
      const chain = registry.chainOf(entry.n, own, 0)
      const head = history.isOvertaken(chain) ? undefined : history.ownHead(chain)
      const { heads } = facts()
      return createChange(
        crypto,
        {
          kind,
          space: entry.id,
          device: own,
          seq: head ? head.seq + 1 : 0,
          prev: head?.hash ?? noBytes,
          // More than one change can name are what this one merges, in its body.
          deps: { membership: heads.length > depsHeadsMax ? [] : heads, content: seen },
          grant: me.grant,
          admission: person.admission,
          epoch: noBytes,
          schema: noBytes,
          time: clock.next(),
        },
        body,
      )
    },
    epochRecord: (epoch) => epochRecords.get(toHex(epoch)),
    boxesCame: (sealed) => {
      boxes.came(sealed)
      boxes.open()
      if (waitingKeys.look()) replica.keysCame()
    },
    carry: (space) => {
      unit.enter()
      carry(space)
      const stored = storedMembership(space)
      membershipSettled(addMembership(stored.flatMap((segment) => history.decode(segment).changes)))
      const hubs = engine.hubs().map(({ n }) => n)
      for (const segment of stored) engine.queueFor(hubs, entry.n, segment)
    },
    brokenEpochs: () => boxes.broken(),
    membershipWith: (change) => {
      const other = evaluator()
      other.add([...held.values(), change])
      return other
    },
    keepOwn: (segment) => {
      unit.enter()
      const bytes = encodeSegment(segment)
      const chain = registry.chainOf(
        entry.n,
        segment.device,
        kindToChain((segment.changes[0] as Change).header.kind) === 'membership' ? 0 : 1,
      )
      const { stored } = history.store(chain, segment, compression.deflate(bytes), bytes.length, true)
      membershipSettled(addMembership(segment.changes))
      if (isPerson) engine.personCame(entry.n, segment.changes, entry.n)
      if (stored) engine.spread(entry.n, stored)
    },
    learn: (changes) => {
      membershipSettled(addMembership(changes))
    },
    carries,
    openBoxes: () => boxes.open(),
    receive: (segments, from, expected) => whole(() => incoming.receive(segments, from, expected)),
    retry: () =>
      whole(() => {
        unit.enter()
        tell(content.retry(clock.nowMs()))
      }),
    changes: () => [...held.values()],
    ownWrites: () => ownWrites,
  }

  /** Takes a membership change of ours that was just made; what the rules refuse undoes the transaction. */
  const appendMembership = (change: Change): Change => {
    let came: readonly Uint8Array[] = []
    whole(() => {
      history.append(registry.chainOf(entry.n, own, 0), change)
      came = addMembership([change])
      if (isPerson) engine.personCame(entry.n, [change], entry.n)
    })
    const verdict = membership.verdictOf(change.hash)
    if (verdict !== 'applied') {
      const reason = typeof verdict === 'object' ? verdict.message : 'The rules of the space do not let you do this.'
      const error = new KithError('not-allowed', reason)
      unit.abandon(error)
      throw error
    }
    whole(() => membershipSettled(came))
    engine.notifier.touch(entry.n, [''])
    return change
  }

  /** Joins heads until one change can name them all (membership rule 6). */
  const mergeHeads = (): void => {
    while (facts().heads.length > depsHeadsMax) {
      const heads = facts().heads.slice(0, cutHeadsMax)
      const body = encodeMerge({ salt: crypto.randomBytes(16), heads })
      appendMembership(replica.draftMembership(kinds.merge, body))
    }
  }

  const boxes = createBoxOpener({
    engine,
    space: entry,
    membership,
    levelOf: (hash) => {
      const epoch = replica.epochs().find((candidate) => equalBytes(candidate.hash, hash))
      return epoch?.secrets && secretsToLevel(epoch.secrets)
    },
    addSecret: (hash, level, secret) => replica.addEpochSecret(hash, level, secret),
  })

  const waitingKeys = createWaitingKeys({
    engine,
    space: entry,
    membership,
    isHeld: (hash) => replica.epochs().some((epoch) => isHeld(epoch) && equalBytes(epoch.hash, hash)),
  })

  const tell = (touched: ReadonlySet<string>): void => engine.notifier.touch(entry.n, [...touched, ''])

  const headers = createDataHeaders({
    registry,
    history,
    frontier,
    space: entry,
    device: own,
    admission: person.admission,
    facts: () => ({
      me: facts().me,
      heads: facts().heads,
      epoch: replica.epochInUse()?.hash,
      schema: replica.record().hash,
    }),
  })
  const incoming = createIncoming({
    engine,
    space: entry,
    content,
    addMembership,
    membershipSettled,
    carry,
    tell,
    overtaken: (first) => headers.overtaken(first),
  })
  if (entry.kind === 'space') carry(personSpace.n)
  settleMissed(addMembership(allChanges()))
  return replica
}

const opsToBody = (salt: Uint8Array, ops: readonly Op[]): DataBody => {
  const starts: number[] = []
  let count = 0
  for (const op of ops) {
    starts.push(count)
    count += opToCount(op)
  }
  return { salt, ops, starts, count }
}
