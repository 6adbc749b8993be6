import { ifUsable, toBase32 } from '../../bytes/index.ts'
import type { Engine } from '../engine.ts'
import { homeApp } from '../identity.ts'
import { spaceName } from '../names.ts'
import { isPublicNow } from '../rotation.ts'
import type { Replica } from '../replica.ts'
import type { InspectedSpace } from './api.ts'

export const inspectSpace = (engine: Engine, replica: Replica): InspectedSpace => {
  const { entry, membership } = replica
  const { statements } = engine
  const isOwn = entry.kind === 'person'
  const me = replica.me()
  const history = statements(
    'SELECT coalesce(sum(count), 0) AS changes, coalesce(sum(length(bytes)), 0) AS bytes FROM segment JOIN chain ON chain.n = segment.chain WHERE chain.space = ?',
  ).get(entry.n)
  const count = (table: 'held' | 'waiting'): number =>
    statements(`SELECT count(*) AS n FROM ${table} WHERE space = ?`).get(entry.n)?.n as number
  const lastChange = statements('SELECT last_change FROM space WHERE n = ?').get(entry.n)?.last_change as number
  return {
    id: toBase32(entry.id),
    name: isOwn ? 'Devices and keys' : spaceName(engine, replica),
    app: entry.app,
    kind: isOwn ? 'own' : entry.app === homeApp ? 'home' : 'app',
    version: ifUsable(() => replica.record().compiled.record.version),
    role: me?.role,
    rank: me === undefined || me.rank === 'recovery' ? undefined : me.rank,
    isPublic: isPublicNow(membership),
    rotationOwed: membership.isRotationOwed(),
    isReadOnly: replica.isReadOnly(),
    members: isOwn ? membership.devices(engine.person.person).length : membership.members().length,
    changes: history?.changes as number,
    historyBytes: history?.bytes as number,
    heldBack: count('held') + membership.heldBack().length,
    waiting: count('waiting') + membership.waiting().length,
    lastChange: new Date(Math.max(lastChange, engine.lastChangeMs(entry.n))),
  }
}
