import { toBase32 } from '../bytes/index.ts'
import type { App } from '../schema/index.ts'
import type { Space } from './api.ts'
import type { RemovalByPhrase, RemovalOptions } from './sharing-api.ts'
import type { SpaceStatus } from './status-api.ts'
import type { Engine } from './engine.ts'
import { findLateGrants } from './late-grants.ts'
import { nameOf } from './names.ts'
import type { Network } from './network.ts'
import { phraseToEntropy } from './phrase.ts'
import { previewRemoval } from './preview.ts'
import { isPublic, makePrivate, previewPublish, publicLink, publish } from './publishing.ts'
import type { Replica } from './replica.ts'
import { closeInvite, listInvites, makeInvite } from './sharing-invites.ts'
import { grantTo, leaveSpace, removeMember, setRole, transferOwnership } from './sharing-members.ts'
import type { Upkeep } from './upkeep.ts'

/** How long `invite` waits for a hub to have the link's entry before it gives the link out all the same. */
const inviteMs = 5_000

export type SharingInput = {
  readonly engine: Engine
  readonly network: Network
  readonly upkeep: Upkeep
  readonly n: number
  readonly replicaOf: () => Replica
  /** The tag under which a person has keys for this app, as another space of it shows. */
  readonly tagOf: (person: Uint8Array) => Uint8Array | undefined
  /** Writes the space's name again. */
  readonly retitle: () => void
}

export type Sharing = Pick<
  Space<App>,
  | 'invite'
  | 'invites'
  | 'closeInvite'
  | 'grant'
  | 'setRole'
  | 'remove'
  | 'previewRemoval'
  | 'publish'
  | 'previewPublish'
  | 'publicLink'
  | 'makePrivate'
  | 'leave'
  | 'transferOwnership'
>

/** Who is in a space: what of its public face changes that. */
export const createSharing = ({ engine, network, upkeep, n, replicaOf, tagOf, retitle }: SharingInput): Sharing => {
  /** Resolves when it is durable here; hubs hear of it at once. */
  const write = async <Result>(run: () => Result): Promise<Result> => {
    const result = run()
    await engine.unit.durable()
    network.wake([n])
    return result
  }

  return {
    invite: async (options) => {
      await upkeep.ready(n)
      const link = await write(() => makeInvite(engine, replicaOf(), options))
      // A joiner needs all of it at a hub; the link may be given out offline too.
      await network.delivered(n, inviteMs).catch(() => {})
      return link()
    },
    invites: async () => listInvites(engine, replicaOf()),
    closeInvite: (id) => write(() => closeInvite(engine, replicaOf(), id)),
    grant: async (address, role) => {
      await upkeep.ready(n)
      await write(() => grantTo(engine, replicaOf(), address, role, tagOf))
    },
    setRole: (address, role) => write(() => setRole(engine, replicaOf(), address, role)),
    remove: async (address, { phrase, ...options }: RemovalOptions & RemovalByPhrase = {}) => {
      const entropy = phrase === undefined ? undefined : await phraseToEntropy(phrase)
      return write(() => removeMember(engine, replicaOf(), address, options, entropy))
    },
    previewRemoval: async (address, options: RemovalOptions = {}) =>
      previewRemoval(engine, replicaOf(), address, options),
    publish: async (options = {}) => {
      await write(() => publish(engine, replicaOf(), options, retitle))
      // Offline the link is good all the same, as soon as a hub has heard of it.
      await network.synced(n, inviteMs).catch(() => {})
      return publicLink(engine, replicaOf()) as string
    },
    previewPublish: async (options = {}) => previewPublish(engine, replicaOf(), options),
    publicLink: async () => publicLink(engine, replicaOf()),
    makePrivate: () => write(() => makePrivate(engine, replicaOf())),
    leave: () => write(() => leaveSpace(engine, replicaOf())),
    transferOwnership: (address) => write(() => transferOwnership(engine, replicaOf(), address)),
  }
}

/** What is owed in a space, and what somebody has to decide. */
export const sharingStatus = (
  engine: Engine,
  replica: Replica,
): Pick<SpaceStatus, 'isMember' | 'isPublic' | 'rotationOwed' | 'lateGrants'> => ({
  isMember: replica.me() !== undefined,
  isPublic: isPublic(replica),
  rotationOwed: replica.membership.isRotationOwed(),
  lateGrants: findLateGrants(engine, replica)
    .filter(({ isOurs }) => !isOurs)
    .map(({ member }) => ({
      address: toBase32(member.address),
      name: nameOf(engine, replica, member).name,
    })),
})
