import { rmSync } from 'node:fs'
import { type Child, startChild } from './child.fixture.ts'
import type { Scene } from './conditions.fixture.ts'

/** A hub process that keeps its port through deaths. */
export type HubProcess = {
  readonly url: string
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
  /** Its disk is lost while it is down. */
  readonly wipe: () => void
  readonly totals: () => Promise<{ logs: number; entries: number; bytes: number; connections: number }>
}

export const startHubProcess = async (scene: Scene, name: string): Promise<HubProcess> => {
  const storage = scene.path(`${name}.db`)
  let child: Child = startChild('hub.fixture.ts', storage, '0')
  const port = await child.call<number>('port')
  scene.ends(name, () => child.kill())
  return {
    url: `ws://127.0.0.1:${port}`,
    kill: () => child.kill(),
    start: async () => {
      child = startChild('hub.fixture.ts', storage, String(port))
      await child.call('port')
    },
    wipe: () => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(storage + suffix, { force: true })
    },
    totals: () => child.call('totals'),
  }
}
