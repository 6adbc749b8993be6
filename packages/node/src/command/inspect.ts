import { parseArgs } from 'node:util'
import type { InspectedChange, Kith, RowReport } from '@kith/core/space'
import { findInspected, withFolder } from './folder.ts'
import { type Command, type Output, UsageError } from './output.ts'
import { formatTable } from './text-table.ts'

const usage = 'Say: kith inspect DIR [SPACE] [--log] [--row ID].'

/** `kith inspect`: who is in the spaces of a folder, what was written, and why something is not to be seen. Offline; changes nothing. */
export const runInspect: Command = async (parameters, output) => {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      log: { type: 'boolean', default: false },
      row: { type: 'string' },
      limit: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  })
  const [folder, wanted, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(usage)
  if (wanted === undefined && (values.log || values.row !== undefined)) throw new UsageError(usage)
  if (!/^\d{1,3}$/.test(values.limit)) throw new UsageError(`"${values.limit}" is no limit.`)
  await withFolder(folder, async (kith) => {
    const space = wanted === undefined ? undefined : (await findInspected(kith, wanted)).id
    const told = await collect(kith, space, { ...values, limit: Number(values.limit) })
    if (values.json) output.print(JSON.stringify(told, null, 2))
    else print(told, output)
  })
  return 0
}

type Wishes = { readonly log: boolean; readonly row?: string | undefined; readonly limit: number }

const collect = async ({ inspect }: Kith, space: string | undefined, { log, row, limit }: Wishes) => {
  if (space === undefined)
    return { spaces: await inspect.spaces(), hubs: await inspect.hubs(), storage: await inspect.storage() }
  if (row !== undefined) return { row: await inspect.row(space, row) }
  if (log) return { log: await inspect.log(space, { limit }) }
  return {
    members: await inspect.members(space),
    epochs: await inspect.epochs(space),
    heldBack: await inspect.heldBack(space),
    hubs: await inspect.hubs(space),
  }
}

type Told = Awaited<ReturnType<typeof collect>>

const print = (told: Told, output: Output): void => {
  const part = (title: string, rows: readonly Readonly<Record<string, unknown>>[]): void =>
    output.print(`${title}\n${formatTable(rows, output.columns)}\n`)
  if ('row' in told && told.row) return printRow(told.row, output)
  if ('log' in told && told.log) {
    part('Log, newest first', told.log.changes.map(changeToRow))
    if (told.log.next !== undefined) output.print('There is more: --limit 500.')
    return
  }
  if ('spaces' in told && told.spaces) {
    part(
      'Spaces',
      told.spaces.map(({ name, app, role, members, changes, historyBytes, heldBack, waiting, id }) => ({
        space: name,
        app,
        'you are': role ?? 'no member',
        members,
        changes,
        bytes: historyBytes,
        'held back': heldBack,
        waiting,
        id,
      })),
    )
    const { databaseBytes, freeBytes, measuredBy, tables } = told.storage
    part(
      `Storage: ${databaseBytes} bytes, ${freeBytes} of them free; sizes of tables ${measuredBy ? `by ${measuredBy}, with indexes` : 'are not known here'}`,
      tables
        .filter(({ app, rows }) => app !== '' || rows > 0)
        .map((table) => ({ ...table, app: table.app || '(Kith)' })),
    )
  }
  if ('members' in told && told.members) {
    part(
      'Members',
      told.members.map(({ name, address, role, rank, devices, grants: [newest] }) => ({
        name,
        address: address.slice(0, 8),
        role: rank === undefined ? 'out' : role,
        devices: devices.length,
        by: newest && `${newest.source}${newest.by ? ` of ${newest.by.name}` : ''}`,
        since: newest?.at.toISOString().slice(0, 16),
        ended: newest?.ended && `by ${newest.ended.by.name}, ${newest.ended.at.toISOString().slice(0, 16)}`,
      })),
    )
    part(
      'Keys (epochs), newest first',
      told.epochs.map(({ epoch, startedBy, at, isInUse, isClean, whyNotClean, readers, openLinks, weCan }) => ({
        epoch: epoch.slice(0, 8),
        by: startedBy.name,
        made: at.toISOString().slice(0, 16),
        state: isInUse ? 'in use' : isClean ? 'clean' : 'not clean',
        'we can': weCan,
        readers: [
          ...readers.map(({ name, rank }) => `${name} (${rank ?? 'out'})`),
          ...(openLinks > 0 ? [`${openLinks} open links`] : []),
        ].join(', '),
        why: whyNotClean.join(' '),
      })),
    )
    part('Held back and waiting, newest first', told.heldBack.map(changeToRow))
  }
  if ('hubs' in told && told.hubs)
    part(
      'Hubs',
      told.hubs.map(({ url, key, pending }) => ({ hub: url, key: key?.slice(0, 8), 'to send': pending })),
    )
}

const changeToRow = ({ time, author, kind, text, state, reason, epoch, change, writes }: InspectedChange) => ({
  time: time.toISOString().slice(0, 19).replace('T', ' '),
  author: author.name || author.address.slice(0, 8),
  kind,
  what: text,
  verdict: state === 'applied' ? state : `${state}: ${reason ?? ''}`,
  keys: epoch?.slice(0, 8),
  change: change.slice(0, 8),
  rows: writes
    .flatMap(({ rows }) => rows)
    .slice(0, 3)
    .join(' '),
})

const printRow = ({ id, state, text, made, deletes, withoutEffect, mayBeMissing }: RowReport, output: Output): void => {
  const changes = [...(made ? [made] : []), ...deletes, ...withoutEffect]
  output.print(
    `${id}: ${state}\n${formatTable([{ why: text }], output.columns)
      .split('\n')
      .slice(1)
      .join('\n')}`,
  )
  for (const why of state === 'shown' ? [] : mayBeMissing) output.print(`- ${why}`)
  if (changes.length > 0) output.print(`\n${formatTable(changes.map(changeToRow), output.columns)}`)
}
