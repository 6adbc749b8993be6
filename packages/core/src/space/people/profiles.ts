import { decodeCbor, encodeCbor, equalBytes, fromBase64Url, isList, KithError, toBase64Url } from '../../bytes/index.ts'
import { pictureBytesMax } from '../../limits/index.ts'
import { homeApp } from '../identity.ts'
import { isNameUnsaid, isProfileDue } from '../names.ts'
import { checkName } from '../space.ts'
import type { PeopleApi, Profile } from './api.ts'
import type { Homes } from './homes.ts'
import type { PeopleInput } from './people.ts'

export type Profiles = Pick<PeopleApi, 'profile' | 'setProfile'> & {
  /** As this device knows it. */
  readonly now: () => Profile | undefined
  /** Takes it from the homes, where another device has set it. */
  readonly learn: () => Promise<void>
  /** Says it where this person was a reader so far, or had no keys. */
  readonly complete: () => void
}

/**
 * Who this person is to those whom it shares a space with: in each space by a change like any other, so that no hub can read it. The last
 * one is kept in `meta` too, for spaces that come.
 */
export const createProfiles = (
  { engine, spaces, openReplicas, writeProfile, name: firstName }: PeopleInput,
  homes: Homes,
): Profiles => {
  const { statements, unit } = engine

  /** Spaces where a name was said after the join: once, for what becomes of it is not known here. */
  const saidLate = new Set<number>()

  const load = (): Kept | undefined => {
    const value = statements("SELECT value FROM meta WHERE name = 'profile'").get()?.value
    const fields = value instanceof Uint8Array ? decodeCbor(value) : undefined
    if (!isList(fields)) return undefined
    const [name, picture, setMs] = fields
    if (typeof name !== 'string') return undefined
    return {
      profile: { name, picture: picture instanceof Uint8Array ? picture : undefined },
      setMs: typeof setMs === 'number' ? setMs : undefined,
    }
  }
  const keep = ({ name, picture }: Profile, setMs: number | null): void => {
    unit.enter()
    const value = encodeCbor([name, picture ?? null, setMs])
    statements("INSERT OR REPLACE INTO meta (name, value) VALUES ('profile', ?)").run(value)
  }
  const now = (): Profile | undefined => load()?.profile ?? (firstName === undefined ? undefined : { name: firstName })

  return {
    now,
    profile: async () => now(),
    setProfile: async (profile) => {
      const { name, picture } = profile
      checkName(name)
      if (picture && picture.length > pictureBytesMax)
        throw new KithError('too-large', `A picture has at most ${pictureBytesMax} bytes. Make it smaller.`, {
          bytes: picture.length,
          pictureBytesMax,
        })
      keep(profile, engine.clock.nowMs())
      for (const { n, app } of spaces()) if (app !== homeApp) writeProfile(n, profile)
      await unit.durable()
      const value = { name, picture: picture ? toBase64Url(picture) : null }
      await homes.put({ kind: 'profile', name: '', value })
    },
    learn: async () => {
      const [kept] = await homes.things('profile')
      const profile = kept && toProfile(kept.value)
      if (profile && !isSame(profile, load()?.profile)) keep(profile, null)
    },
    complete: () => {
      const profile = now()
      if (!profile) return
      const setMs = load()?.setMs
      for (const replica of openReplicas()) {
        const { n, app, kind } = replica.entry
        if (kind !== 'space' || app === homeApp) continue
        const isLate = !saidLate.has(n) && isNameUnsaid(engine, replica)
        if (isLate) saidLate.add(n)
        if (isLate || isProfileDue(engine, replica, setMs)) writeProfile(n, profile)
      }
    },
  }
}

/** `setMs`: when this device was told by the person itself; undefined for what another device told. */
type Kept = { readonly profile: Profile; readonly setMs: number | undefined }

const isSame = (one: Profile, other: Profile | undefined): boolean =>
  other !== undefined &&
  one.name === other.name &&
  equalBytes(one.picture ?? new Uint8Array(0), other.picture ?? new Uint8Array(0))

const toProfile = (value: unknown): Profile | undefined => {
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string')
    return undefined
  const picture = 'picture' in value && typeof value.picture === 'string' ? fromBase64Url(value.picture) : undefined
  return { name: value.name, picture }
}

export const createSettings = (homes: Homes): PeopleApi['settings'] => ({
  get: async (name) => (await homes.things('setting')).find((thing) => thing.name === name)?.value,
  set: async (name, value) => homes.put({ kind: 'setting', name, value }),
})
