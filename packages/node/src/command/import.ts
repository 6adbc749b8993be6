import { basename } from 'node:path'
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { openKith } from '../index.ts'
import { readDataFile } from './data-file.ts'
import { inferApp } from './infer-app.ts'
import { loadRows, planImport } from './load-rows.ts'
import { type Command, UsageError } from './output.ts'
import { keepSchema, readSchema } from './saved-schema.ts'

/** `kith import`: a file of tables becomes a space of its own. */
export const runImport: Command = async (parameters, output) => {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      path: { type: 'string' },
      hub: { type: 'string', multiple: true, default: [] },
      name: { type: 'string' },
      space: { type: 'string' },
      schema: { type: 'string' },
      ref: { type: 'string', multiple: true, default: [] },
      app: { type: 'string' },
    },
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0 || values.path === undefined)
    throw new UsageError('Say: kith import FILE --path DIR.')
  const data = readDataFile(file)
  const label = basename(file)
    .replace(/\.gz$/, '')
    .replace(/\.json$/, '')
  const app =
    values.schema === undefined
      ? inferApp(values.app ?? `local.${toIdentifier(label)}`, data, readReferences(values.ref))
      : await readSchema(values.schema)

  const plan = planImport(app, data)
  const kith = await openKith({ path: values.path, hubs: values.hub, name: values.name ?? userInfo().username })
  try {
    const space = await kith.createSpace(app, { name: values.space ?? label })
    const schemaPath = keepSchema(values.path, app)
    const started = performance.now()
    const rows = await loadRows(space, plan)
    const took = Math.round(performance.now() - started)
    output.print(`${rows} rows in ${data.size} tables, ${took} ms`)
    output.print(`Space   ${values.space ?? label}  ${space.id}`)
    output.print(`Schema  ${schemaPath}`)
    if (values.hub.length > 0) {
      output.print(`Sending to ${values.hub.join(', ')} …`)
      await space.synced({ timeoutMs: 60_000 })
      output.print(`Link    ${await space.invite({ role: 'writer' })}`)
      await kith.synced()
    }
  } finally {
    await kith.close()
  }
  return 0
}

const readReferences = (words: readonly string[]): Map<string, string> =>
  new Map(
    words.map((word) => {
      const found = /^([^.=]+\.[^.=]+)=([^.=]+)$/.exec(word)
      if (found?.[1] === undefined || found[2] === undefined)
        throw new UsageError(`--ref "${word}" is not TABLE.COLUMN=TABLE.`)
      return [found[1], found[2]]
    }),
  )

const toIdentifier = (label: string): string =>
  label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'data'
