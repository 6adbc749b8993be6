/** Finds Wycheproof's files: the whole ones beside the repository, else the subset that it holds. */
import { existsSync, readFileSync } from 'node:fs'

export type WycheproofTest = Readonly<Record<string, string | number>> & {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

export type WycheproofGroup = {
  readonly publicKey: { readonly pk: string }
  readonly tests: readonly WycheproofTest[]
}

export type Wycheproof = {
  readonly groups: readonly WycheproofGroup[]
  /** Whether only the subset was there. */
  readonly isSubset: boolean
}

/** `name` without `_test.json`. */
export function readWycheproof(name: string): Wycheproof {
  const whole = new URL(`../../../shared/data/wycheproof/${name}_test.json`, import.meta.url)
  const isSubset = !existsSync(whole)
  const found = isSubset ? new URL(`./${name}_test.json`, import.meta.url) : whole
  const file = JSON.parse(readFileSync(found, 'utf8')) as { testGroups: readonly WycheproofGroup[] }
  return { groups: file.testGroups, isSubset }
}
