/** Files as they go over the wire: compressed once, when they are first asked for, and kept in memory. */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'

const compress = promisify(brotliCompress)

/** Smaller ones gain nothing, larger ones are no part of an app's first page. */
const fileBytesMin = 1024
const fileBytesMax = 8 * 1024 * 1024
/** All that is kept; beyond, files go as they are. */
const keptBytesMax = 64 * 1024 * 1024

const compressible = /^(text\/|application\/(json|wasm|manifest\+json)|image\/svg)/

/** `version` changes with the content. */
export type SourceFile = {
  readonly path: string
  readonly type: string
  readonly bytes: number
  readonly version: string
}

export type Compressed = {
  /** The file by brotli; undefined where it goes as it is. */
  readonly of: (file: SourceFile) => Promise<Uint8Array | undefined>
}

export function createCompressed(): Compressed {
  const kept = new Map<string, { readonly version: string; readonly bytes: Promise<Uint8Array | undefined> }>()
  let keptBytes = 0

  const make = async ({ path, bytes }: SourceFile): Promise<Uint8Array | undefined> => {
    const content = await readFile(path)
    // Replaced since it was listed: the next request has the new list.
    if (content.length !== bytes) return undefined
    const made = await compress(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes },
    })
    if (made.length >= bytes || keptBytes + made.length > keptBytesMax) return undefined
    keptBytes += made.length
    return made
  }

  return {
    of: async (file) => {
      if (!compressible.test(file.type) || file.bytes < fileBytesMin || file.bytes > fileBytesMax) return undefined
      const known = kept.get(file.path)
      if (known?.version === file.version) return known.bytes
      void known?.bytes.then((before) => {
        keptBytes -= before?.length ?? 0
      })
      const bytes = make(file).catch(() => undefined)
      kept.set(file.path, { version: file.version, bytes })
      return bytes
    },
  }
}
