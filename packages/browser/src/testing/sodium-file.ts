/** The WebAssembly that we ship, as a server gives it: for Node, whose `fetch` reads no files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSodium } from '../platform/sodium.ts'

export const sodiumFile = join(import.meta.dirname, '../platform/sodium.wasm')

export const loadSodiumFile = (type = 'application/wasm'): ReturnType<typeof loadSodium> =>
  loadSodium(async () => new Response(readFileSync(sodiumFile), { headers: { 'content-type': type } }))
