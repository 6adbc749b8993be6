/** The files of one folder, such as a built app, to whoever asks. */
import { createReadStream, type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, posix, relative, sep } from 'node:path'
import { pipeline } from 'node:stream'
import { KithError } from '@kith/core/bytes'
import { type Compressed, createCompressed } from './site-compressed.ts'

export type Site = (request: IncomingMessage, response: ServerResponse) => void

type File = { readonly path: string; readonly type: string; readonly bytes: number; readonly changedMs: number }

/** More is no site that somebody meant: a home folder, perhaps. */
const filesMax = 2_000

/** A reader that takes nothing for so long is gone. */
const silenceMsMax = 30_000

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** How old the list of files may be: a new build is there at once, and nobody can make us look through the folder all the time. */
const listMsMax = 1000

/**
 * What a request names is looked up in a list of what is there, and never becomes a path: nothing outside the folder can be asked for. Links and names that
 * begin with a dot are not in the list.
 *
 * @throws KithError `not-found` where the folder has no index.html, `too-large` for more than 2,000 files.
 */
export function createSite(folder: string, monotonic: () => number): Site {
  if (!existsSync(join(folder, 'index.html')))
    throw new KithError(
      'not-found',
      `There is no index.html in ${folder}. Build the app first, or name another folder.`,
    )
  const compressed = createCompressed()
  let files = listFiles(folder)
  let listedMs = monotonic()

  function find(path: string): File | undefined {
    if (monotonic() - listedMs > listMsMax) {
      listedMs = monotonic()
      try {
        files = listFiles(folder)
      } catch {
        // In the middle of a build: what was there before is served until the next look.
      }
    }
    return files.get(path.endsWith('/') ? `${path}index.html` : path)
  }

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const file = find(toPath(request.url ?? '/'))
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('Not here.\n')
      return
    }
    void send(file, compressed, request, response)
  }
}

async function send(
  file: File,
  compressed: Compressed,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const version = `${file.bytes.toString(36)}-${Math.floor(file.changedMs).toString(36)}`
  const takesBrotli = /(^|,)\s*br\s*(,|$)/.test(request.headers['accept-encoding'] ?? '')
  const brotli = takesBrotli ? await compressed.of({ ...file, version }) : undefined
  if (response.destroyed) return
  const etag = `"${version}${brotli ? '-br' : ''}"`
  const headers = {
    etag,
    vary: 'accept-encoding',
    // Vite names what lies there by its content.
    'cache-control': file.path.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  const coding = brotli ? { 'content-encoding': 'br' } : {}
  const length = brotli?.length ?? file.bytes
  response.writeHead(200, { ...headers, ...coding, 'content-type': file.type, 'content-length': length })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  response.setTimeout(silenceMsMax, () => response.destroy())
  if (brotli) {
    response.end(brotli)
    return
  }
  // A file that was replaced meanwhile ends the answer early, and the browser asks again.
  pipeline(createReadStream(file.path, { end: Math.max(0, file.bytes - 1) }), response, () => {})
}

/** By `/`-separated names from the folder, as URLs say them. */
function listFiles(folder: string): Map<string, File> {
  const files = new Map<string, File>()
  const look = (inside: string): void => {
    for (const entry of readdirSync(inside, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory()) look(join(inside, entry.name))
      else if (entry.isFile()) add(inside, entry)
    }
  }
  const add = (inside: string, entry: Dirent): void => {
    if (files.size >= filesMax)
      throw new KithError('too-large', `${folder} has more than ${filesMax} files. Name the folder of a built app.`)
    const path = join(inside, entry.name)
    const { size, mtimeMs } = statSync(path)
    const name = posix.join('/', ...relative(folder, path).split(sep))
    files.set(name, { path, type: typeOf(path), bytes: size, changedMs: mtimeMs })
  }
  look(folder)
  return files
}

const typeOf = (path: string): string => types[extname(path).toLowerCase()] ?? 'application/octet-stream'

/** Empty, which nothing is called, for what cannot be decoded. */
function toPath(url: string): string {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0] ?? '')
  } catch {
    return ''
  }
}
