import { KithError } from '../../bytes/index.ts'
import { pictureBytesMax } from '../../limits/index.ts'
import { fromBase64Url, toBase64Url } from '../../bytes/index.ts'
import { homeApp } from '../identity.ts'
import type { PeopleApi, Profile } from './api.ts'
import type { Homes } from './homes.ts'
import type { PeopleInput } from './people.ts'

/** Who this person is to those whom it shares a space with: in each space by a change like any other, so that no hub can read it. */
export const createProfiles = (
  { engine, spaces, replicaOf, writeProfile }: PeopleInput,
  homes: Homes,
): Pick<PeopleApi, 'profile' | 'setProfile'> => ({
  profile: async () => {
    const [kept] = await homes.things('profile')
    return kept && toProfile(kept.value)
  },
  setProfile: async (profile) => {
    const { name, picture } = profile
    if (picture && picture.length > pictureBytesMax)
      throw new KithError('too-large', `A picture has at most ${pictureBytesMax} bytes. Make it smaller.`, {
        bytes: picture.length,
        pictureBytesMax,
      })
    for (const { n, app } of spaces()) {
      const me = replicaOf(n).me()
      // A reader writes nothing, not even how it is called.
      if (app !== homeApp && me && me.rank !== 'reader') writeProfile(n, profile)
    }
    await engine.unit.durable()
    await homes.put({ kind: 'profile', name: '', value: { name, picture: picture ? toBase64Url(picture) : null } })
  },
})

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
