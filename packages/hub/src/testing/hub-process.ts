/** For tests: a hub in a process of its own, to be killed. Parameters: the storage file, its access settings. */
import type { AccessOptions } from '../access/options.ts'
import { startHub } from '../hub.ts'

const access = JSON.parse(process.argv[3] ?? '{}') as Partial<AccessOptions>
const hub = await startHub({ storage: process.argv[2]!, access })
process.send!({ url: hub.url, secret: (await hub.members.invite()).secret })
