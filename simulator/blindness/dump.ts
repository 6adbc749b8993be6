/** Everything that a hub has: on its disk, in its memory, on its pages; and what of it should not be there. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deflateRawSync } from 'node:zlib'
import { largeEntryFolder } from '@kith/hub'
import type { HostedHub } from './hub-host.ts'
import { createFinder, type Finder, type Form, type Needle } from './needles.ts'
import { unpackRaw, unpackStreams } from './unpack.ts'

export type Find = { readonly place: string; readonly name: string; readonly form: Form; readonly isPacked: boolean }

export type Dump = {
  /** Files of the hub, of its process' memory and of its pages, by what they are. */
  readonly files: readonly DumpFile[]
  readonly hasProcessMemory: boolean
  readonly remove: () => void
}

export type DumpFile = { readonly place: string; readonly path: string; readonly isMemory: boolean }

/** Needs nobody to be connected: the hub's memory is to hold no client's any more. `folder` is that of the hub. */
export const dumpHub = async (hub: HostedHub, folder: string): Promise<Dump> => {
  const aside = join(folder, 'dump')
  mkdirSync(aside, { mode: 0o700 })
  const pages = join(aside, 'pages.txt')
  writeFileSync(
    pages,
    [await hub.operatorPage('/metrics'), await hub.operatorPage('/'), await hub.health()].join('\n'),
    { mode: 0o600 },
  )
  const snapshot = join(aside, 'heap.heapsnapshot')
  const memory = join(aside, 'memory.bin')
  const hasProcessMemory = await hub.dumpMemory(snapshot, memory)
  const onDisk = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.parentPath.startsWith(aside))
    .map((file) => join(file.parentPath, file.name))
  return {
    files: [
      ...onDisk.map((path) => ({ place: path.slice(folder.length + 1), path, isMemory: false })),
      { place: 'metrics, the operator’s page and health', path: pages, isMemory: false },
      { place: 'heap snapshot', path: snapshot, isMemory: false },
      ...(hasProcessMemory ? [{ place: 'process memory', path: memory, isMemory: true }] : []),
    ],
    hasProcessMemory,
    remove: () => rmSync(aside, { recursive: true }),
  }
}

/**
 * Each needle in each place where it is, in any form, as it is or compressed. Those of `memoryMayHave` may be in the process' memory, which
 * keeps what was freed until it is used again, but not among what V8 still reaches.
 */
export const searchDump = (
  files: readonly DumpFile[],
  needles: readonly Needle[],
  memoryMayHave: readonly Needle[] = [],
): Find[] => {
  const everywhere = createFinder(needles)
  const elsewhere = createFinder([...needles, ...memoryMayHave])
  const found = new Map<string, Find>()
  const look = (finder: Finder, place: string, bytes: Uint8Array, isPacked: boolean): void => {
    for (const { name, form } of finder.find(bytes))
      found.set(`${place}/${name}/${form}`, { place, name, form, isPacked })
  }
  for (const { place, path, isMemory } of files) {
    const finder = isMemory ? everywhere : elsewhere
    for (const piece of readPieces(path, finder)) {
      look(finder, place, piece, false)
      for (const unpacked of unpackStreams(piece)) look(finder, place, unpacked, true)
    }
  }
  return [...found.values()]
}

const pieceBytes = 8 * 1024 * 1024

/** Pieces of a file that overlap, so that what lies across two is whole in one. The memory of a piece is used again for the next. */
function* readPieces(path: string, { longestBytes }: Finder): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(pieceBytes + longestBytes)
  try {
    let held = 0
    for (;;) {
      const read = readSync(file, buffer, held, pieceBytes, null)
      if (read === 0) return
      const filled = held + read
      yield buffer.subarray(0, filled)
      held = Math.min(longestBytes, filled)
      buffer.copyWithin(0, filled - held, filled)
    }
  } finally {
    closeSync(file)
  }
}

/** Version, suite, kind, salt and commitment of an entry, which are in clear (docs/protocol/entry.md). */
const entryHeadBytes = 67
/** Places at which a raw DEFLATE stream in an entry is looked for: its beginning, and the end of its head. */
const rawPlaces = [0, 1, 2, 3, 4, 35, ...Array.from({ length: 12 }, (_, n) => entryHeadBytes - 4 + n)]

export type EntryFaults = { readonly entries: number; readonly faults: readonly string[] }

/** What every entry of a hub that has ended must be: nothing that unpacks to a needle, and nothing that could be packed smaller. */
export const searchEntries = (folder: string, needles: readonly Needle[]): EntryFaults => {
  const finder = createFinder(needles)
  const faults: string[] = []
  let entries = 0
  const check = (bytes: Uint8Array): void => {
    entries += 1
    const sealed = bytes.subarray(entryHeadBytes)
    if (deflateRawSync(sealed).length < sealed.length) faults.push('an entry that can be packed: it is not sealed')
    for (const unpacked of unpackRaw(bytes, rawPlaces))
      for (const { name } of finder.find(unpacked)) faults.push(`${name} in an entry, deflated`)
  }
  const database = new DatabaseSync(join(folder, 'hub.db'), { readOnly: true })
  for (const { bytes } of database.prepare('SELECT bytes FROM entry WHERE outside IS NULL').iterate() as Iterable<{
    bytes: Uint8Array
  }>)
    check(bytes)
  database.close()
  const outside = largeEntryFolder(join(folder, 'hub.db'))
  const files = existsSync(outside) ? readdirSync(outside, { recursive: true, withFileTypes: true }) : []
  for (const file of files) if (file.isFile()) check(readFileSync(join(file.parentPath, file.name)))
  return { entries, faults }
}

/** `table.column` of all that a hub's database has. */
export const listColumns = (folder: string): string[] => {
  const database = new DatabaseSync(join(folder, 'hub.db'), { readOnly: true })
  const columns = database
    .prepare(
      `SELECT m.name || '.' || c.name AS name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid`,
    )
    .all()
    .map(({ name }) => name as string)
  database.close()
  return columns
}
