import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { openKith } from '../index.ts'
import { type Command, UsageError } from './output.ts'
import { keepSchema, readSchema } from './saved-schema.ts'

/** `kith join`: a space by its invite link, waited for until all of it is here. */
export const runJoin: Command = async (parameters, output) => {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      path: { type: 'string' },
      schema: { type: 'string' },
      hub: { type: 'string', multiple: true, default: [] },
      name: { type: 'string' },
    },
  })
  const [link, ...more] = positionals
  if (link === undefined || more.length > 0 || values.path === undefined || values.schema === undefined) {
    throw new UsageError('Say: kith join LINK --path DIR --schema FILE.')
  }
  const app = await readSchema(values.schema)
  const kith = await openKith({ path: values.path, hubs: values.hub, name: values.name ?? userInfo().username })
  try {
    const space = await kith.join(app, link)
    keepSchema(values.path, app)
    await space.synced({ timeoutMs: 60_000 })
    await kith.synced()
    output.print(`Space   ${await space.name()}  ${space.id}`)
  } finally {
    await kith.close()
  }
  return 0
}
