// `npm run blindness [-- --users 200 --days 30 --seed S]`: a month of many people on a hub, and everything that the hub has then.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dumpHub, searchDump, searchEntries } from './dump.ts'
import { startHostedHub } from './hub-host.ts'
import { runMonth } from './month.ts'

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '200' },
    days: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
})
const startMs = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'kith-blindness-'))
const hub = await startHostedHub(folder, startMs)
const lap = (what: string): void => console.log(`${((Date.now() - startMs) / 1000).toFixed(1)} s  ${what}`)
try {
  const month = await runMonth({
    hub,
    users: Number(values.users),
    days: Number(values.days),
    seed: values.seed,
    startMs,
  })
  lap(
    `${values.users} people, ${values.days} days, ${month.sessions} sessions, ${month.planted.length} planted strings`,
  )
  while ((await hub.connections()) > 0) await new Promise((resolve) => setImmediate(resolve))
  const dump = await dumpHub(hub, folder)
  const bytes = dump.files.reduce((sum, { path }) => sum + statSync(path).size, 0)
  lap(
    `${dump.files.length} files of ${Math.round(bytes / 1024 / 1024)} MiB${dump.hasProcessMemory ? '' : ', without the process memory'}`,
  )
  const found = searchDump(dump.files, month.planted, month.internetAddresses)
  lap(`searched: ${found.length} found`)
  for (const find of found) console.log(find)
  await hub.close()
  const { entries, faults } = searchEntries(folder, month.planted)
  lap(`${entries} entries, ${faults.length} faults`)
  for (const fault of new Set(faults)) console.log(fault)
  if (found.length + faults.length > 0) process.exitCode = 1
  month.close()
} finally {
  rmSync(folder, { recursive: true })
}
