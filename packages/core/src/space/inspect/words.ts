import { ifUsable, toHex } from '../../bytes/index.ts'
import { type Change, decodeDataBody, decodeReissueBody, kinds, opCodes } from '../../change/index.ts'
import { decodeMembershipBody, type GrantBody, type MembershipBody } from '../../membership/index.ts'
import { bytesToSchemaRecord } from '../../schema/index.ts'
import type { Acquaintance, Named } from '../acquaintance.ts'
import type { Replica } from '../replica.ts'
import { createRights } from '../rights.ts'
import type { InspectedWrites } from './api.ts'

/** What changes do, in words. */
export type Words = { readonly of: (change: Change, writes: readonly InspectedWrites[]) => string }

export const createWords = (replica: Replica, people: Acquaintance): Words => {
  const rights = createRights(replica, people)
  const known = new Map(replica.changes().map((change) => [toHex(change.hash), change]))
  const personName = (person: Uint8Array): string => nameOf(people.person(person))

  /** Whom or what a removal ends, by the change that gave it. */
  const rightToWords = (hash: Uint8Array): string => {
    const change = known.get(toHex(hash))
    const decoded = change?.body && decodeMembershipBody(change.header.kind, change.body)
    if (!change || !decoded) return 'a right that is not here'
    switch (decoded.kind) {
      case 'grant':
        return decoded.body.type === 'person' ? personName(decoded.body.person) : `a link for ${decoded.body.role}`
      case 'join':
        return personName(decoded.body.person)
      case 'removal':
        return decoded.body.replacement ? personName(decoded.body.replacement.person) : 'a right'
      case 'admission':
        return `the device ${toShort(decoded.body.device)}`
      case 'genesis':
        return decoded.body.type === 'space' ? personName(decoded.body.person) : 'the first device'
      default:
        return 'a right'
    }
  }

  const membershipToWords = (decoded: MembershipBody, change: Change): string => {
    switch (decoded.kind) {
      case 'genesis':
        return decoded.body.type === 'space' ? 'creates the space' : 'begins, with its first device'
      case 'grant':
        return grantToWords(decoded.body, personName)
      case 'join': {
        const maker = rights.of(change.hash)?.by
        return `joins by a link${maker ? ` of ${nameOf(maker)}` : ''}`
      }
      case 'removal': {
        const { grants, replacement } = decoded.body
        if (replacement) return `makes ${personName(replacement.person)} ${replacement.role} only`
        // Grants stand in the order of their hashes; people are what is looked for.
        const isLink = (words: string): number => Number(words.startsWith('a link'))
        const named = [...new Set(grants.map(rightToWords))].sort((left, right) => isLink(left) - isLink(right))
        return named.length === 0 ? 'ends nothing' : `ends ${named.join(', ')}`
      }
      case 'admission':
        return `admits the device ${toShort(decoded.body.device)}`
      case 'deviceCut':
        return 'cuts off a device that was revoked'
      case 'epoch':
        return decoded.body.publicSecret ? 'makes new keys, which everybody gets: public' : 'makes new keys'
      case 'share':
        return `hands keys ${toShort(decoded.body.epoch)} to ${decoded.body.boxes.map(({ person }) => personName(person)).join(', ')}`
      case 'broken':
        return `says that it cannot open keys ${toShort(decoded.body.epoch)}`
      case 'schema': {
        const record = ifUsable(() => bytesToSchemaRecord(decoded.body.record))
        return record ? `publishes the schema of version ${record.version}` : 'publishes a schema that is not usable'
      }
      case 'merge':
        return `joins ${decoded.body.heads.length} branches`
      case 'keys':
        return 'renews the keys that its person’s devices share'
      case 'profile':
        return `calls itself “${decoded.body.name}”`
      case 'minimum':
        return decoded.body.version === 0
          ? 'lets every version of the app write'
          : `asks for version ${decoded.body.version} of the app at least`
      case 'unknown':
        return 'is of a kind that this version does not know'
      case 'malformed':
        return `is malformed: ${decoded.reason}`
    }
  }

  return {
    of: (change, writes) => {
      const { header, body } = change
      if (!body) return 'its content is not here'
      if (header.kind === kinds.reissue) {
        const named = ifUsable(() => decodeReissueBody(body))
        return named ? `gives effect to ${toShort(named.change)}` : 'is malformed'
      }
      if (header.kind === kinds.data) return dataToWords(body, writes)
      return membershipToWords(decodeMembershipBody(header.kind, body), change)
    },
  }
}

const dataToWords = (bytes: Uint8Array, writes: readonly InspectedWrites[]): string => {
  const body = ifUsable(() => decodeDataBody(bytes))
  if (!body) return 'is malformed'
  const named = body.ops.flatMap((op) => {
    if (op[0] === opCodes.title) return [`calls the space “${op[1]}”`]
    return op[0] === opCodes.profile ? [`calls itself “${op[1]}”`] : []
  })
  const written = writes.map(({ table, action, count }) => `${verbs[action]} ${count} in ${table}`)
  const all = [...named, ...written]
  return all.length > 0 ? all.join(', ') : 'writes to tables that are not known here'
}

const verbs: Readonly<Record<InspectedWrites['action'], string>> = {
  insert: 'inserts',
  upsert: 'upserts',
  update: 'updates',
  delete: 'deletes',
  restore: 'restores',
  type: 'types in',
}

const grantToWords = (body: GrantBody, personName: (person: Uint8Array) => string): string => {
  if (body.type === 'person') return `makes ${personName(body.person)} ${body.role}`
  const uses = body.uses === null ? '' : body.uses === 1 ? ', for one' : `, for ${body.uses}`
  const expires = body.expires === null ? '' : `, until ${new Date(body.expires).toISOString().slice(0, 16)}`
  return `makes a link for ${body.role}${uses}${expires}`
}

/** A person as it is called, or else the beginning of its address. */
export const nameOf = (person: Named | undefined): string =>
  person === undefined || person.address === '' ? 'somebody unknown' : person.name || `${person.address.slice(0, 8)}…`

/** The beginning of a hash or key, enough to tell it from others by eye. */
export const toShort = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 4))
