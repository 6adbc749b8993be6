import { KithError } from '../../bytes/index.ts'
import type { App } from '../../schema/index.ts'
import type { Engine } from '../engine.ts'
import type { Network } from '../network.ts'
import type { Replica } from '../replica.ts'
import type { Inspection } from './api.ts'
import { createChangeViews } from './change-view.ts'
import { inspectEpochs } from './epochs.ts'
import { inspectHubs } from './hubs.ts'
import { listWithoutEffect, readLogPage } from './log.ts'
import { inspectMembers } from './members.ts'
import { explainRow } from './row.ts'
import { inspectSpace } from './spaces.ts'
import { measureStorage } from './storage.ts'

export type InspectionInput = {
  readonly engine: Engine
  readonly network: Pick<Network, 'status' | 'spaceStatus'>
  readonly replicaOf: (n: number) => Replica
  /** @throws KithError `closed`. */
  readonly assertOpen: () => void
  readonly toSpaceId: (id: string) => Uint8Array
  /** The app that was opened for a space, if one was. */
  readonly appOf: (n: number) => App | undefined
}

export const createInspection = (input: InspectionInput): Inspection => {
  const { engine, network, replicaOf, assertOpen, toSpaceId, appOf } = input
  const isOurs = ({ n, kind }: { n: number; kind: string }): boolean => kind === 'space' || n === engine.personSpace
  /** What is written and not sealed yet has no place in the log. */
  const settle = (): void => {
    assertOpen()
    engine.unit.commit()
  }
  const find = (id: string): Replica => {
    settle()
    const entry = engine.store().registry.space(toSpaceId(id))
    if (!entry || !isOurs(entry)) throw new KithError('not-found', 'There is no such space here.')
    return replicaOf(entry.n)
  }
  return {
    spaces: async () => {
      settle()
      const { registry } = engine.store()
      return registry
        .spaces()
        .filter(isOurs)
        .map(({ n }) => inspectSpace(engine, replicaOf(n)))
        .sort((left, right) => right.lastChange.getTime() - left.lastChange.getTime())
    },
    members: async (id) => inspectMembers(engine, find(id)),
    epochs: async (id) => inspectEpochs(engine, find(id)),
    log: async (id, options = {}) => readLogPage(engine, find(id), options),
    heldBack: async (id) => listWithoutEffect(engine, find(id)),
    hubs: async (id) => inspectHubs(engine, network, id === undefined ? undefined : find(id).entry.n),
    storage: async () => {
      settle()
      return measureStorage(engine)
    },
    row: async (id, row) => {
      const replica = find(id)
      const hubs = inspectHubs(engine, network, replica.entry.n)
      return explainRow({
        engine,
        replica,
        hubs,
        app: appOf(replica.entry.n),
        views: createChangeViews(engine, replica),
        row,
      })
    },
  }
}
