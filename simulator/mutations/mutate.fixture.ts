import { registerHooks } from 'node:module'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CreateMembership } from '../rules/scene/scene.ts'

/** One mistake in the rules: a piece of one file of the evaluator, and what stands there instead. */
export type Mutation = {
  /** What the program would believe. */
  readonly mistake: string
  /** A file of packages/core/src/membership. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The seed that found it last: fixed0, fixed1 … */
  readonly foundBy: number
}

const folder = new URL('../../packages/core/src/membership/', import.meta.url).href
const mutants = new Map<string, Mutation>()

/**
 * The evaluator with one mistake. Its files are loaded once more under names of their own, one of them with another text: the program
 * itself knows nothing of it. Throws where the text to be changed is not in the file exactly once.
 */
export const loadMutant = async (mutation: Mutation): Promise<CreateMembership> => {
  hook()
  const text = readFileSync(new URL(mutation.file, folder), 'utf8')
  const times = text.split(mutation.find).length - 1
  if (times !== 1)
    throw new Error(
      `${mutation.file} has ${times} times "${mutation.find}": say anew where "${mutation.mistake}" is made.`,
    )
  const name = String(mutants.size)
  mutants.set(name, mutation)
  const { createMembership } = (await import(`${folder}index.ts?mutant=${name}`)) as {
    createMembership: CreateMembership
  }
  return createMembership
}

let isHooked = false
const hook = (): void => {
  if (isHooked) return
  isHooked = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context)
      const mutant = /\?mutant=\d+$/.exec(context.parentURL ?? '')?.[0]
      const isOurs = mutant !== undefined && found.url.startsWith(folder) && !found.url.includes('?')
      return isOurs ? { ...found, url: `${found.url}${mutant}` } : found
    },
    load: (url, context, next) => {
      const [path = '', name] = url.split('?mutant=')
      const mutation = name === undefined ? undefined : mutants.get(name)
      if (!mutation || path !== `${folder}${mutation.file}`) return next(url, context)
      const source = readFileSync(fileURLToPath(path), 'utf8').replace(mutation.find, () => mutation.replace)
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}
