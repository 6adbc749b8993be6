import { createSpaceChanges } from '../keys/index.ts'
import type { App } from '../schema/index.ts'
import { keepBoxes } from './boxes.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'
import { type ChosenRecovery, toRecoveryKeys } from './space-recovery.ts'

/** One durable transaction: genesis, schema record, epoch record, and the person's own changes carried with them. */
export const createSpaceHere = (
  engine: Engine,
  app: App,
  replicaOf: (n: number) => Replica,
  tag: Uint8Array,
  recovery: ChosenRecovery,
): number => {
  const { platform, person, clock, unit } = engine
  unit.enter()
  const { registry } = engine.store()
  const personChanges = replicaOf(engine.personSpace).changes()
  const made = createSpaceChanges(platform.crypto, {
    person,
    tag,
    personChanges,
    app: app.id,
    schemaRecord: app.recordBytes,
    recovery: toRecoveryKeys(recovery, personChanges),
    last: clock.last(),
    nowMs: clock.nowMs(),
  })
  clock.advance(made.end.time)
  const { n } = registry.addSpace(made.space, app.id, 'space')
  const replica = replicaOf(n)
  // First of all: what is written goes to the logs whose keys are here.
  if (made.epoch.secrets.admin) replica.addEpochSecret(made.epoch.hash, 'admin', made.epoch.secrets.admin)
  replica.keepOwn(made.segment)
  if (made.boxes) keepBoxes(engine.statements, platform.crypto, n, made.boxes)
  carryPerson(engine, n)
  engine.touchSpace(n, clock.nowMs())
  return n
}

/** Our person's changes belong on the space's log: hubs and members need them to know our device. */
export const carryPerson = (engine: Engine, space: number): void => {
  const { registry, history } = engine.store()
  const own = registry.space(engine.person.person)
  if (!own) return
  for (const chain of registry.chainsOf(own.n)) {
    for (const number of history.segmentNumbers(chain.n)) {
      const stored = history.segment(number)
      if (stored)
        engine.queueFor(
          engine.hubs().map(({ n }) => n),
          space,
          stored,
        )
    }
  }
}
