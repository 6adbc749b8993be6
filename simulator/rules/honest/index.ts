import type { Acts } from './act.ts'
import { admit, cutDevices, renewKeys, revoke, widen } from './devices.ts'
import { publishSchema, rotate, share, writeContent } from './keys.ts'
import { deliver, meet, merge } from './learning.ts'
import { close, grant, invite, join } from './letting-in.ts'
import { leave, recover, remove } from './removing.ts'

export const honest: Acts = {
  deliver: { weight: 14, act: deliver },
  meet: { weight: 10, act: meet },
  content: { weight: 16, act: writeContent },
  rotate: { weight: 3, act: rotate },
  grant: { weight: 7, act: grant },
  invite: { weight: 5, act: invite },
  join: { weight: 6, act: join },
  remove: { weight: 4, act: remove },
  leave: { weight: 0.5, act: leave },
  recover: { weight: 1, act: recover },
  share: { weight: 2, act: share },
  schema: { weight: 1.5, act: publishSchema },
  close: { weight: 3, act: close },
  merge: { weight: 1, act: merge },
  admit: { weight: 2, act: admit },
  widen: { weight: 0.7, act: widen },
  renewKeys: { weight: 0.7, act: renewKeys },
  revoke: { weight: 1, act: revoke },
  cutDevices: { weight: 1, act: cutDevices },
}
