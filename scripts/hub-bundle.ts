// Bundles a package with all that it imports, and looks for what a blind hub must not contain.
import { relative } from 'node:path'
import { build } from 'vite'

export type Bundle = { modules: string[]; text: string }

/** Modules of the core that could open an entry, hold a key or read a change, and the libraries that only a peer needs. */
const bannedModules =
  /core\/src\/(crypto\/(seal|sign|blind|split)|keys|change|membership|schema|database|sync|space)\/|node_modules\/(libsodium|yjs|lib0|kysely|fractional-indexing)/

/** The same said by the code itself, should somebody copy instead of import. Comments are taken out before. */
const bannedTexts = [
  'libsodium',
  'xchacha20',
  'crypto_aead',
  'aeadOpen',
  'aeadSeal',
  'readSecret',
  'writeSecret',
  'adminSecret',
  'kysely',
]

/**
 * `entry` is a path; nothing is written. Tree shaking is off, because blindness is a property of the import graph and
 * not of what a bundler manages to drop. Node's own modules stay outside.
 */
export async function bundleForScan(root: string, entry: string): Promise<Bundle> {
  const output = await build({
    root,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: entry,
      write: false,
      target: 'node24',
      minify: 'oxc',
      rolldownOptions: { treeshake: false, output: { codeSplitting: false } },
    },
  })
  const chunks = [output].flat().flatMap((part) => ('output' in part ? part.output : []))
  const modules = chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  return {
    modules: modules.map((id) => relative(root, id)).sort(),
    text: chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n'),
  }
}

/** What makes the bundle less than blind; empty if nothing does. */
export function findSight(bundle: Bundle): string[] {
  const text = bundle.text.toLowerCase()
  return [
    ...bundle.modules.filter((id) => bannedModules.test(id)).map((id) => `holds the module ${id}`),
    ...bannedTexts.filter((word) => text.includes(word.toLowerCase())).map((word) => `holds the text "${word}"`),
  ]
}
