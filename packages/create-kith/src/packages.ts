import { readFileSync } from 'node:fs'

/** Where an app gets the packages of Kith from. */
export type KithPackages = {
  /** What its package.json says of one of them. */
  readonly of: (name: string) => string
  /** Puts into the app's folder what it needs for that. */
  readonly addTo: (folder: string) => void
}

/** Those of the registry, of our own version; from a repository, which may hold what was never published, those that are built there. */
export const findPackages = async (say: (line: string) => void): Promise<KithPackages> => {
  if (!import.meta.url.endsWith('.ts')) return published()
  // Not before: it needs the Node that is in the repository.
  const { packRepository } = await import('./pack-repository.ts')
  return packRepository(say)
}

const published = (): KithPackages => {
  const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return { of: () => version, addTo: () => {} }
}
