/** For tests: a hub in a process of its own, to be killed. Parameters: the storage (a file, or what is shared, as JSON), its access settings. */
import type { AccessOptions } from '../access/options.ts'
import type { SharedStorageOptions } from '../cluster/shared-storage.ts'
import { startHub } from '../hub.ts'

const access = JSON.parse(process.argv[3] ?? '{}') as Partial<AccessOptions>
const [, , said = ''] = process.argv
const storage = said.startsWith('{') ? (JSON.parse(said) as SharedStorageOptions) : said
const hub = await startHub({ storage, access })
process.send!({ url: hub.url, secret: (await hub.members.invite()).secret })
