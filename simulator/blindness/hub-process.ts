/**
 * A production hub in a process of its own, whose clock is put forward from outside: so all that this process has is the hub's. What it
 * is told besides comes from tests of the search itself, which want something to find.
 */
import { appendFileSync, closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { writeHeapSnapshot } from 'node:v8'
import { gzipSync } from 'node:zlib'
import { startHub } from '@kith/hub'
import { createShiftedClock } from './clock.ts'

const [folder = '', startMs = '0', token = ''] = process.argv.slice(2)
const storage = `${folder}/hub.db`
const clock = createShiftedClock(Number(startMs))
const hub = await startHub({
  storage,
  clock,
  addressHeader: 'x-forwarded-for',
  publishTotals: true,
  operator: { port: 0, token },
  log: (event) => appendFileSync(`${folder}/hub.log`, `${JSON.stringify(event)}\n`),
})

/** What a hub that is not blind might do with a text. */
const kept: unknown[] = []
const keepers: Record<string, (text: string) => void> = {
  'as a string in memory': (text) => kept.push({ text }),
  'as bytes in memory': (text) => kept.push(Buffer.from(text)),
  'in the log, in base64': (text) =>
    appendFileSync(`${folder}/hub.log`, `?${Buffer.from(`?${text}`).toString('base64')}\n`),
  'in a file, in UTF-16': (text) => writeFileSync(`${folder}/hub.db-notes`, Buffer.from(text, 'utf16le')),
  'in a file, in gzip': (text) => writeFileSync(`${folder}/hub.db-more`, gzipSync(`${text} ${text}`)),
}

const commands: Record<string, (...parameters: never[]) => unknown> = {
  urls: () => ({ url: hub.url, operatorUrl: hub.operatorUrl }),
  advance: async (ms: number) => {
    clock.advance(ms)
    await hub.tidy()
  },
  connections: async () => (await hub.totals()).connections,
  keep: (how: string, text: string) => keepers[how]?.(text),
  /** The process' memory as V8 sees it, and as the kernel does: buffers and pages of SQLite are in the second alone. */
  dumpMemory: (snapshotFile: string, memoryFile: string) => {
    writeHeapSnapshot(snapshotFile)
    return process.platform === 'linux' && writeMemory(memoryFile)
  },
  close: () => hub.close(),
}

const pieceBytes = 1024 * 1024

function writeMemory(file: string): boolean {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  const memory = openSync('/proc/self/mem', 'r')
  const out = openSync(file, 'w', 0o600)
  const [piece, zeros] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)]
  for (const line of maps) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    if (from === undefined || to === undefined) continue
    const end = Number.parseInt(to, 16)
    for (let at = Number.parseInt(from, 16); at < end; at += pieceBytes) {
      try {
        const read = readSync(memory, piece, 0, Math.min(pieceBytes, end - at), at)
        if (!piece.subarray(0, read).equals(zeros.subarray(0, read))) writeSync(out, piece, 0, read)
      } catch {
        // Pages of the kernel's own.
      }
    }
  }
  closeSync(memory)
  closeSync(out)
  return true
}

// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.on('message', ({ n, method, parameters }: { n: number; method: string; parameters: never[] }) => {
  const answer = async (): Promise<void> => {
    const result = await commands[method]?.(...parameters)
    process.send?.({ n, result })
    if (method === 'close') process.disconnect()
  }
  answer().catch((cause: unknown) => process.send?.({ n, problem: String(cause) }))
})
