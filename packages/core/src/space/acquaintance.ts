import { fromHex, toBase32, toHex } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { createAddress, decodeAdmission, decodeGenesis } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { nameOf } from './names.ts'
import type { Replica } from './replica.ts'

/** How a person is shown: the name is the one that it gave itself in the space. */
export type Named = { readonly address: string; readonly name: string }

/** Everybody whom a space ever heard of, also those who are no members any more. */
export type Acquaintance = {
  readonly person: (id: Uint8Array) => Named | undefined
  readonly all: () => Named[]
  readonly personOfDevice: (device: Uint8Array) => Uint8Array | undefined
}

/** Walks the space's membership once: for a list or an explanation, not for every write. */
export const createAcquaintance = (engine: Engine, replica: Replica): Acquaintance => {
  const addresses = new Map<string, Uint8Array>()
  const persons = new Map<string, Uint8Array>()
  for (const { hash, header, body } of replica.changes()) {
    if (body === undefined) continue
    if (header.kind === kinds.admission) persons.set(toHex(decodeAdmission(body).device), header.space)
    if (header.kind !== kinds.genesis) continue
    const genesis = decodeGenesis(body)
    if (genesis.type !== 'person') continue
    addresses.set(toHex(hash), createAddress(genesis.addressKey, hash))
    persons.set(toHex(header.device), hash)
  }
  const toNamed = (person: Uint8Array, address: Uint8Array): Named => ({
    address: toBase32(address),
    name: nameOf(engine, replica, { person, address }).name,
  })
  return {
    person: (id) => {
      const address = addresses.get(toHex(id))
      return address && toNamed(id, address)
    },
    all: () => [...addresses].map(([id, address]) => toNamed(fromHex(id), address)),
    personOfDevice: (device) => persons.get(toHex(device)),
  }
}
