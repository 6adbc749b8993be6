import { ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { type HomePointer, openHomePointer, type SpaceAccess, type TagSecret, tagToHomeLog } from '../../keys/index.ts'
import type { Engine } from '../engine.ts'
import { type Fetched, fetchNewest } from '../fetch-space.ts'
import { takeLogs } from '../join.ts'
import { createLogReader, type LogReader } from '../log-reader.ts'
import type { Replica } from '../replica.ts'

/** Takes in spaces that this person is in already, on another device. */
export type Adoption = {
  /** Fetches the space's membership from the first hub that has it. Returns its local number. @throws KithError the last hub's. */
  readonly adopt: (listed: SpaceAccess & { readonly app: string; readonly hubs: readonly string[] }) => Promise<number>
  /**
   * Where the homes of a tag are, by the newest that hubs say of each: usually one. Whoever lost the tag could add false ones to the log of an
   * older key, so all are taken: a false one hides nothing. @throws KithError `hub-unreachable`.
   */
  readonly findHomes: (keys: readonly TagSecret[]) => Promise<HomePointer[]>
  readonly close: () => void
}

export type AdoptionInput = {
  readonly engine: Engine
  readonly replicaOf: (n: number) => Replica
  readonly carryPerson: (n: number) => void
}

/** One of a tag is usual; each costs a log to follow. */
const homesMax = 4

/** A connection reads so many logs before it is made anew: it has limits of its own. */
const readsMax = 50

export const createAdoption = ({ engine, replicaOf, carryPerson }: AdoptionInput): Adoption => {
  const { crypto } = engine.platform
  const readers = new Map<string, { reader: LogReader; reads: number }>()

  const readerOf = (url: string): LogReader => {
    const known = readers.get(url)
    if (known && known.reads < readsMax) {
      known.reads += 1
      return known.reader
    }
    known?.reader.close()
    const reader = createLogReader(engine, url)
    readers.set(url, { reader, reads: 1 })
    return reader
  }

  /** What the first hub gives that has it. */
  const first = async <Result>(
    urls: Iterable<string>,
    read: (reader: LogReader, url: string) => Promise<Result>,
  ): Promise<Result> => {
    let problem = new KithError('hub-unreachable', 'No hub is set. Name one to reach your other devices.')
    for (const url of new Set(urls)) {
      try {
        return await read(readerOf(url), url)
      } catch (cause) {
        if (!(cause instanceof KithError)) throw cause
        readers.get(url)?.reader.close()
        readers.delete(url)
        problem = cause
      }
    }
    throw problem
  }

  const ownUrls = (): string[] => engine.hubs().map(({ url }) => url)

  const enter = (listed: SpaceAccess & { readonly app: string }, logs: Fetched['logs'], url: string): number =>
    engine.whole(() => {
      const { n: hub } = engine.addHub(url)
      engine.unit.enter()
      const { n } = engine.store().registry.addSpace(listed.space, listed.app, 'space')
      const replica = replicaOf(n)
      takeLogs(engine, logs, replica, hub)
      if (replica.membership.app() !== listed.app)
        throw new KithError('wrong-app', 'A list of spaces names one that is another app’s. It was left out.')
      replica.addEpochSecret(listed.epoch, listed.level, listed.secret)
      carryPerson(n)
      return n
    })

  return {
    adopt: async (listed) => {
      const { space, epoch, level, secret, policy } = listed
      const { n } = await first([...ownUrls(), ...listed.hubs], async (reader, url) => {
        const { logs } = await fetchNewest(engine, reader, { space }, [{ epoch, level, secret, policy }])
        return { n: enter(listed, logs, url) }
      })
      return n
    },
    findHomes: async (keys) => {
      const found = new Map<string, HomePointer>()
      let isAnswered = false
      let problem = new KithError('hub-unreachable', 'No hub is set. Name one to reach your other devices.')
      for (const { sealing } of keys) {
        const log = tagToHomeLog(crypto, sealing.secretKey)
        const wish = { policy: log.policy, rights: [{ right: 'read' as const, seed: log.read.seed }] }
        for (const url of ownUrls()) {
          try {
            const { entries } = await first([url], (reader) => reader.read(wish))
            isAnswered = true
            for (const entry of entries) {
              // Whoever had the tag before could put junk there.
              const pointer = ifUsable(() => openHomePointer(crypto, log, entry))
              const known = pointer && found.get(toHex(pointer.space))
              if (pointer && (!known || known.time < pointer.time)) found.set(toHex(pointer.space), pointer)
            }
          } catch (cause) {
            if (!(cause instanceof KithError)) throw cause
            problem = cause
          }
        }
      }
      if (!isAnswered) throw problem
      return [...found.values()].sort((left, right) => right.time - left.time).slice(0, homesMax)
    },
    close: () => {
      for (const { reader } of readers.values()) reader.close()
      readers.clear()
    },
  }
}
