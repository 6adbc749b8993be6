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

/** `name` without `_test.json`. Prints where it was found and how many tests it has, so that a run says what it covered. */
export function readWycheproof(name: string): readonly WycheproofGroup[] {
  const whole = new URL(`../../../shared/data/wycheproof/${name}_test.json`, import.meta.url)
  const subset = new URL(`./${name}_test.json`, import.meta.url)
  const found = existsSync(whole) ? whole : subset
  const { testGroups, numberOfTests } = JSON.parse(readFileSync(found, 'utf8'))
  console.log(
    `Wycheproof ${name}: ${numberOfTests} tests (${found === whole ? 'whole file' : 'the subset in vectors/'})`,
  )
  return testGroups
}
