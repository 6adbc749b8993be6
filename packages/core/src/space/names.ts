import { compareBytes, equalBytes } from '../bytes/index.ts'
import { kinds, opCodes, type ProfileOp, bytesToTime, timeToBytes } from '../change/index.ts'
import { spaceLabel } from '../database/index.ts'
import { encodeProfile, type Member } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import type { Profile } from './people/index.ts'
import type { MembershipWriting, Replica } from './replica.ts'

/** Who somebody is to the others of a space, by their own words. */
export type Name = { readonly name: string; readonly picture: Uint8Array | undefined }

/** The newest of what a person said in a space: by content, or as a reader by membership. The name is empty for who said nothing. */
export const nameOf = (
  engine: Engine,
  { entry, membership }: Replica,
  { person, address }: { readonly person: Uint8Array; readonly address: Uint8Array },
): Name => {
  const label = engine.store().labels.read(entry.n, address)
  const profile = membership.profile(person)
  if (profile && (!label || compareBytes(timeToBytes(profile.time), label.time) > 0))
    return { name: profile.name, picture: label?.picture }
  return { name: label?.text ?? '', picture: label?.picture }
}

export const profileToOp = ({ name, picture }: Profile): ProfileOp =>
  picture && picture.length > 0 ? [opCodes.profile, name, picture] : [opCodes.profile, name]

/**
 * Says in a space who we are. Readers write no content: their name alone goes by membership, which lies on the door. Where keys would have to be made
 * first nothing is said, a name is not worth them: `isNameUnsaid` and `isProfileDue` tell when there are some.
 */
export const sayProfile = (engine: Engine, replica: Replica, profile: Profile, how: MembershipWriting = {}): void => {
  const me = replica.me()
  if (!me || replica.isReadOnly()) return
  if (me.rank !== 'reader') {
    if (replica.epochInUse()) replica.writeData(replica.begin(), [profileToOp(profile)])
    return
  }
  const { name } = profile
  if (nameOf(engine, replica, me).name === name) return
  replica.writeMembership(kinds.profile, encodeProfile({ salt: engine.platform.crypto.randomBytes(16), name }), how)
}

/** Undefined where we cannot write content now. */
const asWriter = ({ me, epochInUse }: Replica): Member | undefined => {
  const now = me()
  return now && now.rank !== 'reader' && epochInUse() ? now : undefined
}

/** Whether we said our name as a reader only, or could not say what this device set at `setMs`, and could now. */
export const isProfileDue = (engine: Engine, replica: Replica, setMs: number | undefined): boolean => {
  const { entry, membership } = replica
  const now = asWriter(replica)
  if (!now) return false
  const label = engine.store().labels.read(entry.n, now.address)
  if (!label) return membership.profile(now.person) !== undefined
  return setMs !== undefined && bytesToTime(label.time).ms < setMs
}

/** Whether this device joined and no name is known of us: whoever joins says it at once, unless keys were missing just then. */
export const isNameUnsaid = (engine: Engine, replica: Replica): boolean => {
  const now = asWriter(replica)
  if (!now || engine.store().labels.read(replica.entry.n, now.address)) return false
  const own = engine.person.device.signing.publicKey
  return replica.changes().some(({ header }) => header.kind === kinds.join && equalBytes(header.device, own))
}

export const spaceName = (engine: Engine, { entry }: Replica): string =>
  engine.store().labels.read(entry.n, spaceLabel)?.text ?? ''
