import { relative } from 'node:path'
import { type Command, UsageError } from '../output.ts'
import { generateTable } from './table.ts'

/** `kith generate table NAME COLUMN…`, in the folder of an app. */
export const runGenerate: Command = async ([what, name, ...columns], output) => {
  if (what !== 'table' || name === undefined || columns.length === 0)
    throw new UsageError('Say: kith generate table NAME COLUMN:TYPE …')
  const folder = process.cwd()
  const paths = await generateTable(folder, name, columns)
  output.print(paths.map((path) => `wrote ${relative(folder, path)}`).join('\n'))
  return 0
}
