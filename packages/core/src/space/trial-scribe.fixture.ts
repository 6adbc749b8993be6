/** For tests: writes single changes of the trial world by hand, as any device could sign them. */
import { assert } from '../bytes/index.ts'
import {
  type Change,
  createChange,
  createOpIds,
  encodeDataBody,
  type Header,
  noBytes,
  type Op,
  type Segment,
} from '../change/index.ts'
import type { SchemaRecord } from '../schema/index.ts'
import { signRun, type TrialMember, trialNowMs, type TrialWorld } from './trial-world.fixture.ts'

export type Written = {
  readonly change: Change
  /** It alone, signed. */
  readonly segment: Segment
  readonly opId: (index: number) => Uint8Array
}

export type Scribe = {
  /** `who` is 0 for the space's owner, 1 to 3 for writers. Each change follows the device's last unless `patch` says otherwise. */
  readonly write: (who: number, ops: readonly unknown[], patch?: ScribePatch) => Written
  /** Positions in the record of view `view`. */
  readonly at: (table: string, column?: string, view?: number) => number
}

export type ScribePatch = {
  /** Milliseconds after now. */
  readonly ms?: number
  readonly salt?: Uint8Array
  readonly view?: number
  readonly header?: Partial<Header>
}

export const createScribe = (world: TrialWorld): Scribe => {
  const last = new Map<number, Change>()
  let count = 0
  return {
    write: (who, ops, { ms = -1000, salt, view: viewNumber = 0, header: patch = {} } = {}) => {
      count += 1
      const member = world.members[who] as TrialMember
      const view = world.views[viewNumber]
      assert(view, 'a view')
      const device = member.secrets.device.signing.publicKey
      const prev = last.get(who)
      const time = { ms: trialNowMs + ms, counter: count }
      const salted = salt ?? world.crypto.randomBytes(16)
      const header: Header = {
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
        ...patch,
      }
      const change = createChange(world.crypto, header, encodeDataBody(salted, ops as Op[]))
      last.set(who, change)
      const opId = createOpIds(world.crypto, { space: world.space, device, salt: salted, time: header.time })
      return { change, segment: signRun(world, who, [change]), opId }
    },
    at: (table, column, view = 0) => {
      const record: SchemaRecord = world.recordOf((world.views[view] as TrialWorld['views'][number]).schema)
      const index = record.tables.findIndex(({ id }) => id === table)
      if (column === undefined) return index
      return record.tables[index]?.columns.findIndex(({ id }) => id === column) ?? -1
    },
  }
}
