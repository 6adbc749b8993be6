/** For tests: a hub in a process of its own, to be killed. Parameters: the storage (a file, or what is shared, as JSON), its access settings, its S3 settings. */
import type { AccessOptions } from '../access/options.ts'
import type { SharedStorageOptions } from '../cluster/shared-storage.ts'
import { startHub } from '../hub.ts'
import type { S3Options } from '../s3/options.ts'

const access = JSON.parse(process.argv[3] ?? '{}') as Partial<AccessOptions>
const s3 = process.argv[4] === undefined ? undefined : (JSON.parse(process.argv[4]) as S3Options)
const [, , said = ''] = process.argv
const storage = said.startsWith('{') ? (JSON.parse(said) as SharedStorageOptions) : said
const hub = await startHub({ storage, access, ...(s3 === undefined ? {} : { s3 }) })
process.send!({ url: hub.url, secret: (await hub.members.invite()).secret })
