import { assert, equalBytes, toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { type Content, notUnderstood, type SpaceEntry, type StoredSegment } from '../database/index.ts'
import type { Membership, MembershipEffects } from '../membership/index.ts'
import type { Engine } from './engine.ts'

/** The membership changes that are here of a space, and of the people whose changes travel with it (membership rule 10). */
export type MembershipLog = {
  /** Takes changes. Returns the hashes of what can be judged now: each of these may end a wait. */
  readonly add: (changes: readonly Change[]) => Uint8Array[]
  /** Call with what `add` returned, when all was added, in the same transaction: content is judged by it. */
  readonly settled: (hashes: readonly Uint8Array[]) => void
  /** Takes in all that is stored, and has content judged by what came while the space was not open. */
  readonly open: () => void
  readonly changes: () => readonly Change[]
  /** The change that began an epoch, whatever its verdict. */
  readonly recordOf: (epoch: Uint8Array) => Change | undefined
  /** A person's changes travel with the space from now on. */
  readonly carry: (person: number) => void
  readonly carries: (person: number) => boolean
  readonly segmentsOf: (space: number) => StoredSegment[]
}

export type MembershipLogInput = {
  readonly engine: Engine
  readonly space: SpaceEntry
  readonly membership: Membership
  readonly content: Content
  /** Something was added; `changes` are all that came, `effects` what the evaluator says of them. */
  readonly added: (changes: readonly Change[], effects: MembershipEffects) => void
  readonly tell: (touched: ReadonlySet<string>) => void
}

export const createMembershipLog = (input: MembershipLogInput): MembershipLog => {
  const { engine, space, membership, content, added, tell } = input
  const { statements, unit, clock } = engine
  const { registry, history } = engine.store()
  const epochRecords = new Map<string, Change>()
  /** The evaluator has them in memory anyway. */
  const held = new Map<string, Change>()
  /** Devices whose content may be judged otherwise since `settled` was called last. */
  let shaken: Uint8Array[] = []

  /** A body may come after its header. */
  const isFresh = ({ hash, body }: Change): boolean => {
    const known = held.get(toHex(hash))
    return known === undefined || (known.body === undefined && body !== undefined)
  }

  const add: MembershipLog['add'] = (changes) => {
    const fresh = changes.filter(isFresh)
    // Hubs show again what they have shown: if that counted as news, whoever waits until nothing changes any more would wait for ever.
    if (fresh.length === 0) return []
    for (const change of fresh) {
      const name = toHex(change.hash)
      held.set(name, change)
      const isRecord = change.header.kind === kinds.epoch && equalBytes(change.header.space, space.id)
      if (isRecord) epochRecords.set(name, change)
    }
    const effects = membership.add(fresh)
    added(fresh, effects)
    shaken.push(...effects.shaken)
    return [...effects.applied, ...effects.unsupported, ...effects.heldBack.map(({ change }) => change)].map(
      ({ hash }) => hash,
    )
  }

  const settled: MembershipLog['settled'] = (hashes) => {
    const devices = shaken
    shaken = []
    statements('UPDATE space SET settled = ? WHERE n = ? AND settled <> ?').run(held.size, space.n, held.size)
    const nowMs = clock.nowMs()
    if (hashes.length > 0) tell(content.membershipCame(hashes, nowMs))
    if (devices.length > 0) tell(content.reconsider(devices, nowMs))
  }

  /** What came while the space was not open, by way of another that carries the same people. */
  const settleMissed = (hashes: readonly Uint8Array[]): void => {
    shaken = []
    const before = statements('SELECT settled FROM space WHERE n = ?').get(space.n)?.settled
    if (before === held.size) return
    unit.enter()
    if (before === notUnderstood) {
      statements('UPDATE space SET settled = ? WHERE n = ?').run(held.size, space.n)
      tell(content.rebuild(clock.nowMs()))
      return
    }
    shaken = registry.chainsOf(space.n).flatMap((chain) => (chain.class === 1 ? [chain.device] : []))
    settled(hashes)
  }

  const carried = (): number[] =>
    statements('SELECT person FROM carried WHERE space = ?')
      .all(space.n)
      .map((row) => row.person as number)

  /** Asked for each of thousands of people that a joiner loads. */
  const carries = (person: number): boolean =>
    statements('SELECT 1 FROM carried WHERE space = ? AND person = ?').get(space.n, person) !== undefined

  const segmentsOf: MembershipLog['segmentsOf'] = (of) =>
    registry
      .chainsOf(of)
      .filter((chain) => chain.class === 0)
      .flatMap((chain) =>
        history.segmentNumbers(chain.n).map((number) => {
          const stored = history.segment(number)
          assert(stored, 'a segment number without a segment')
          return stored
        }),
      )

  const stored = (): Change[] => {
    const spaces = space.kind === 'person' ? [space.n] : [space.n, ...carried()]
    const chains = spaces.flatMap((n) => registry.chainsOf(n).filter((chain) => chain.class === 0))
    return [
      ...spaces.flatMap(segmentsOf).flatMap((segment) => history.decode(segment).changes),
      ...chains.flatMap((chain) => history.unsealed(chain.n).map(({ change }) => change)),
    ]
  }

  return {
    add,
    settled,
    open: () => settleMissed(add(stored())),
    changes: () => [...held.values()],
    recordOf: (epoch) => epochRecords.get(toHex(epoch)),
    // Nothing is written where it is known: a space is opened for reading too, on a disk that is full.
    carry: (person) => {
      if (!carries(person)) statements('INSERT INTO carried (space, person) VALUES (?, ?)').run(space.n, person)
    },
    carries,
    segmentsOf,
  }
}
