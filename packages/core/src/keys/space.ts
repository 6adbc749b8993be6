import { assert } from '../bytes/index.ts'
import { type Change, kinds, type Segment, type Time } from '../change/index.ts'
import { createMembership, encodeEpoch, encodeGenesis, encodeSchema, type RecoveryKeys } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type ChainEnd, chainStart, createChainWriter } from './chain.ts'
import { createEpoch } from './epoch.ts'
import type { PersonSecrets } from './person.ts'
import type { EpochSecrets } from './secrets.ts'
import { headsToName } from './seen.ts'

export type NewSpaceOptions = {
  readonly person: PersonSecrets
  /** Of the app; by default the first that the person has. */
  readonly tag?: Uint8Array
  /** The person's changes so far; the space carries them. */
  readonly personChanges: readonly Change[]
  readonly app: string
  /** The schema layer's canonical record. */
  readonly schemaRecord: Uint8Array
  /** By default the creator's own (rule 12). */
  readonly recovery: RecoveryKeys | undefined
  readonly last: Time
  readonly nowMs: number
}

export type NewSpace = {
  readonly space: Uint8Array
  /** Genesis, schema and epoch record, to be kept with `personChanges`. */
  readonly segment: Segment
  readonly changes: readonly Change[]
  readonly schema: Uint8Array
  readonly epoch: { readonly hash: Uint8Array; readonly secrets: EpochSecrets }
  readonly boxes: Uint8Array | undefined
  readonly end: ChainEnd
}

/** A space of one member. Needs no network. */
export function createSpaceChanges(crypto: Crypto, options: NewSpaceOptions): NewSpace {
  const { person, personChanges } = options
  const writer = createChainWriter(
    crypto,
    person.device.signing,
    chainStart(options.last, person.admission),
    options.nowMs,
  )
  const tag = options.tag ?? person.tagKeys[0]?.tag
  assert(tag !== undefined, 'a person has a tag')
  const own = createMembership({ crypto, space: person.person })
  own.add(personChanges)
  const body = {
    type: 'space',
    salt: crypto.randomBytes(16),
    app: options.app,
    person: person.person,
    tag,
    recovery: options.recovery,
  } as const
  const genesis = writer.write(kinds.genesis, encodeGenesis(body), headsToName(own, own.personHeads(person.person)))
  const space = genesis.hash
  writer.enter({ space, grant: space, admission: person.admission })
  const schema = writer.write(
    kinds.schema,
    encodeSchema({ salt: crypto.randomBytes(16), record: options.schemaRecord }),
  )
  const membership = createMembership({ crypto, space })
  membership.add([...personChanges, ...writer.changes()])
  const epoch = createEpoch(crypto, space, 'admin', membership.recipients('admin'))
  const record = writer.write(kinds.epoch, encodeEpoch(epoch.body))
  return {
    space,
    segment: writer.sign(),
    changes: writer.changes(),
    schema: schema.hash,
    epoch: { hash: record.hash, secrets: epoch.secrets },
    boxes: epoch.boxes,
    end: writer.end(),
  }
}
