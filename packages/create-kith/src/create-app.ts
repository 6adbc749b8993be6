import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KithPackages } from './packages.ts'

export type CreateAppOptions = {
  /** The app's folder; its name becomes the app's. */
  readonly folder: string
  readonly packages: KithPackages
}

const template = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../template' : './template', import.meta.url))

/** What is not for the app's history. Not a file of the template: npm would leave it out of the package. */
const ignored = ['node_modules/', 'dist/', '.kith/', '*.local', '']

/** Files that say what the app is called. */
const named = ['index.html', 'README.md', 'src/app.tsx', 'src/main.tsx', 'src/schema.ts']

/** What whoever asked for an app can mend. */
export class CreateError extends Error {
  override readonly name = 'CreateError'
}

/**
 * Makes an app in a folder that is empty or not there yet.
 *
 * @throws CreateError for a name that npm would not take, and for a folder that holds something.
 */
export const createApp = ({ folder, packages }: CreateAppOptions): void => {
  const name = toName(folder)
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CreateError(`${folder} is not empty. Choose another name, or remove what is in it.`)
  mkdirSync(folder, { recursive: true })
  cpSync(template, folder, { recursive: true })
  writeFileSync(join(folder, '.gitignore'), ignored.join('\n'))
  for (const path of named) replaceIn(join(folder, path), name)
  packages.addTo(folder)
  const manifest = JSON.parse(readFileSync(join(template, 'package.json'), 'utf8')) as Manifest
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(toManifest(manifest, name, packages), null, 2)}\n`)
}

type Manifest = {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const toManifest = (manifest: Manifest, name: string, packages: KithPackages): Manifest => {
  const resolve = (dependencies: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(dependencies).map(([of, version]) => [of, of.startsWith('@kith/') ? packages.of(of) : version]),
    )
  return {
    ...manifest,
    name,
    dependencies: resolve(manifest.dependencies),
    devDependencies: resolve(manifest.devDependencies),
  }
}

/** One word for the folder, the package, and the end of the app's id. */
const toName = (folder: string): string => {
  const name = basename(folder)
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name))
    throw new CreateError(`"${name}" is no name for an app: use small letters, digits and -, such as my-app.`)
  return name
}

const replaceIn = (path: string, name: string): void => {
  const title = `${name[0]?.toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replaceAll('my-app', name).replaceAll('My app', title))
}
