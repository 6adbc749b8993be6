/** Builds the test's pages from sources as an app would, and serves them on this machine without any special header. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'vite'

export type Site = {
  readonly url: string
  /** Files of the page and of the engine's worker, with their compressed sizes; what SQLite brings is told apart. */
  readonly sizes: readonly {
    readonly file: string
    readonly gzipBytes: number
    readonly brotliBytes: number
    readonly isSqlite: boolean
  }[]
  /** All JavaScript that was built. */
  readonly scripts: readonly { readonly file: string; readonly text: string }[]
  readonly close: () => Promise<void>
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  wasm: 'application/wasm',
}

/** Bytes of our code among these files, compressed: what SQLite brings is not ours to make smaller. */
export const codeSize = (
  { sizes }: Site,
  files: readonly string[],
): { readonly gzip: number; readonly brotli: number } => {
  const code = sizes.filter(({ file, isSqlite }) => !isSqlite && files.includes(file))
  return {
    gzip: code.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0),
    brotli: code.reduce((sum, { brotliBytes }) => sum + brotliBytes, 0),
  }
}

/** Of the first page, by gzip. */
export const codeBytesMax = 350_000

/** As create-kith does it for apps: docs/decisions/0073-second-start.md. */
const keptWhole = ({ moduleIds }: { moduleIds: readonly string[] }): string =>
  moduleIds.some((id) => id.includes('sqlite-wasm')) ? '' : '//# allFunctionsCalledOnLoad'

export const buildSite = async (folder: string): Promise<Site> => {
  const root = join(import.meta.dirname, 'site')
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'esnext',
      reportCompressedSize: false,
      modulePreload: false,
      rolldownOptions: { input: ['index.html', 'conformance.html'].map((name) => join(root, name)) },
    },
    worker: { format: 'es', rolldownOptions: { output: { postBanner: keptWhole } } },
  })
  const assets = join(folder, 'assets')
  const files = readdirSync(assets)
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const name = path === '/' ? 'index.html' : path.slice(1)
    const isKnown = ['index.html', 'conformance.html'].includes(name) || files.includes(name.replace(/^assets\//, ''))
    if (!isKnown) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      'content-type': types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      // Their names change with what is in them. So browsers keep what they have compiled of them, too.
      ...(name.startsWith('assets/') && { 'cache-control': 'public, max-age=31536000, immutable' }),
    })
    response.end(readFileSync(join(folder, name)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sizes: files
      .filter((file) => !/conformance/.test(file))
      .map((file) => {
        const bytes = readFileSync(join(assets, file))
        const isSqlite = bytes.includes('sqlite3ApiBootstrap') || file.includes('sqlite')
        return {
          file,
          gzipBytes: gzipSync(bytes, { level: 9 }).length,
          brotliBytes: brotliCompressSync(bytes).length,
          isSqlite,
        }
      }),
    scripts: files
      .filter((file) => /\.m?js$/.test(file))
      .map((file) => ({ file, text: readFileSync(join(assets, file), 'utf8') })),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
