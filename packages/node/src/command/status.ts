import { parseArgs } from 'node:util'
import { withFolder } from './folder.ts'
import { type Command, UsageError } from './output.ts'
import { formatTable } from './text-table.ts'

/** `kith status`: what is in a folder, read offline. */
export const runStatus: Command = async (parameters, output) => {
  const { positionals } = parseArgs({ args: parameters, allowPositionals: true, options: {} })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError('Say: kith status DIR.')
  await withFolder(folder, async (kith) => {
    const [status, spaces] = [await kith.status(), await kith.spaces()]
    output.print(`Address  ${kith.address}`)
    output.print(`Pending  ${status.pending === 0 ? 'nothing' : `${status.pending} segments`}`)
    if (status.clock.warning !== undefined) output.print(`Clock    ${status.clock.warning}`)
    output.print('')
    output.print(
      formatTable(
        spaces.map(({ name, app, lastChange, id }) => ({
          space: name,
          app,
          changed: lastChange.toISOString().slice(0, 16),
          id,
        })),
        output.columns,
      ),
    )
  })
  return 0
}
