import { equalBytes, toHex } from '../bytes/index.ts'
import { openLinks } from '../keys/index.ts'
import type { Epoch } from '../membership/index.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Explanation } from './api.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'

/** Who can read what is written under an epoch, as far as this device can tell. */
export type Readership = { readonly of: (epoch: Uint8Array) => Access }

export type Access = Pick<Explanation, 'keys' | 'readers' | 'openLinks' | 'isPublic'>

/** Opens the links between epochs once: for a list or an explanation, not for every write. */
export const createReadership = (engine: Engine, replica: Replica, people: Acquaintance): Readership => {
  const { membership } = replica
  const records = membership.epochs()
  const isPublicEpoch = new Set(records.flatMap(({ hash, publicSecret }) => (publicSecret ? [toHex(hash)] : [])))
  const isOpenInvite = new Set(membership.invites().map(({ hash }) => toHex(hash)))
  const shownBy = findShown(engine, replica, records)

  /** Epochs whose keys give this one's content key, by links that can be opened here. */
  const laterThan = (hash: Uint8Array): Uint8Array[] => {
    const reached = [hash]
    for (const at of reached) {
      for (const record of records) {
        const isKnown = reached.some((one) => equalBytes(one, record.hash))
        if (!isKnown && shownBy.get(toHex(record.hash))?.has(toHex(at))) reached.push(record.hash)
      }
    }
    const later = reached.slice(1).map(toHex)
    return records.flatMap((record) => (later.includes(toHex(record.hash)) ? [record.hash] : []))
  }

  const rankOf = (id: Uint8Array) => {
    const member = membership.member(id)
    return member?.rank === 'recovery' ? undefined : member?.rank
  }

  return {
    of: (hash) => {
      const starter = membership.authorOf(hash)?.person
      const started = replica.epochRecord(hash)
      const readers = new Map<string, Explanation['readers'][number]>()
      let openLinkCount = 0
      let isPublic = false
      for (const { epoch, isLater } of [
        { epoch: hash, isLater: false },
        ...laterThan(hash).map((later) => ({ epoch: later, isLater: true })),
      ]) {
        isPublic ||= isPublicEpoch.has(toHex(epoch))
        for (const { id, isByShare } of membership.readers(epoch)) {
          const person = people.person(id)
          if (!person) {
            if (isOpenInvite.has(toHex(id)) && !isLater) openLinkCount += 1
            continue
          }
          const how = isLater ? ('later keys' as const) : isByShare ? ('share' as const) : ('keys' as const)
          if (!readers.has(person.address)) readers.set(person.address, { ...person, rank: rankOf(id), how })
        }
      }
      return {
        keys: started && {
          startedBy: (starter && people.person(starter)) ?? { address: '', name: '' },
          at: new Date(started.header.time.ms),
        },
        readers: [...readers.values()].sort((left, right) => (left.address < right.address ? -1 : 1)),
        openLinks: openLinkCount,
        isPublic,
      }
    },
  }
}

/** For each epoch, by hash in hexadecimal, those whose content key its keys show. */
const findShown = (engine: Engine, replica: Replica, records: readonly Epoch[]): Map<string, Set<string>> => {
  const { crypto } = engine.platform
  const shownBy = new Map<string, Set<string>>()
  for (const { hash: from, keys } of replica.epochs()) {
    const links = records.find((record) => equalBytes(record.hash, from))?.links ?? []
    const shown = shownBy.get(toHex(from)) ?? new Set<string>()
    shownBy.set(toHex(from), shown)
    for (const link of openLinks(crypto, replica.entry.id, keys, links))
      if (link.keys.content) shown.add(toHex(link.hash))
  }
  return shownBy
}
