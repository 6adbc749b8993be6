import { equalBytes } from '../bytes/index.ts'
import { noBytes } from '../change/index.ts'
import type { CompiledRecord } from '../database/index.ts'
import type { Member, Membership, SchemaRecord } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { type HeldEpoch, isHeld, type ReplicaEpoch } from './epochs.ts'

/** What this device may do in a space, and under what: every write asks for it. */
export type Ours = {
  readonly me: Member | undefined
  /** What a new change names as seen; keeps its identity until membership changes. */
  readonly heads: readonly Uint8Array[]
  /** The record that changes are made under; undefined before one has come. */
  readonly record: UsableRecord | undefined
  readonly isReadOnly: boolean
  readonly epoch: HeldEpoch | undefined
}

export type UsableRecord = { readonly hash: Uint8Array; readonly compiled: CompiledRecord }

export type OursInput = {
  readonly engine: Engine
  readonly membership: Membership
  /** The space is our person's own. */
  readonly isPerson: boolean
  readonly epochs: () => readonly ReplicaEpoch[]
  readonly compile: (schema: SchemaRecord) => CompiledRecord | undefined
}

/** Works it out anew. */
export const findOurs = ({ engine, membership, isPerson, epochs, compile }: OursInput): Ours => {
  let epoch: { readonly found: HeldEpoch | undefined } | undefined
  return {
    me: isPerson ? findDevice(engine, membership) : membership.member(engine.person.person),
    heads: membership.heads(),
    record: findRecord(membership, compile),
    isReadOnly: membership.unsupported().length > 0,
    // When it is asked for: membership changes need none, and where somebody started a thousand there is much to look through.
    get epoch() {
      epoch ??= { found: findEpoch(membership, epochs().filter(isHeld)) }
      return epoch.found
    },
  }
}

/** Devices are the members of their person's own space, each by its admission (membership rule 9). */
const findDevice = ({ person }: Engine, membership: Membership): Member | undefined => {
  const own = person.device.signing.publicKey
  const { address, admission: grant, tagKeys } = person
  if (!membership.devices(person.person).some(({ device }) => equalBytes(device, own))) return undefined
  const tag = tagKeys[0]?.tag ?? noBytes
  const rank = 'owner'
  return { person: person.person, address, rank, role: rank, grant, grants: [grant], tag, devices: [] }
}

/** Of records published side by side the one of the highest version, which names all that the others do where people are honest. */
const findRecord = (membership: Membership, compile: OursInput['compile']): UsableRecord | undefined => {
  let newest: UsableRecord | undefined
  for (const schema of membership.newestSchemas()) {
    const compiled = compile(schema)
    if (compiled && !(newest && newest.compiled.record.version >= compiled.record.version))
      newest = { hash: schema.hash, compiled }
  }
  return newest
}

/** The clean epoch with the lowest hash; of those that we have keys of, where that is not among them. */
const findEpoch = (membership: Membership, held: readonly HeldEpoch[]): HeldEpoch | undefined => {
  const lowest = membership.epochInUse()
  if (!lowest) return undefined
  const ours = ({ hash }: { hash: Uint8Array }) => held.find((epoch) => equalBytes(epoch.hash, hash))
  return ours(lowest) ?? membership.epochs().flatMap((epoch) => (epoch.isClean ? (ours(epoch) ?? []) : []))[0]
}
