import { type App, KithError } from '@kith/core'
import { lensesOf } from '@kith/core/schema'
import type { AskLens } from './app-data.ts'

/**
 * The pages of a worker that can run an app's lenses. Spaces are shared by all tabs, and a tab may close at any moment: any other one of the
 * same version has the same functions.
 */
export type LensPages = {
  /** A page has an app: it can be asked from now on. Returns what all are asked by, and what ends it for this page. */
  readonly add: (app: App, ask: AskLens) => { readonly any: AskLens; readonly remove: () => void }
}

export const createLensPages = (): LensPages => {
  const pages = new Map<string, Set<AskLens>>()
  return {
    add: (app, ask) => {
      const key = appToKey(app)
      const known = pages.get(key) ?? new Set<AskLens>()
      pages.set(key, known)
      known.add(ask)
      const any: AskLens = async (...asked) => {
        for (const page of known) {
          try {
            return await page(...asked)
          } catch (cause) {
            // Only a page that is gone fails: what a lens throws is an answer.
            if (!(cause instanceof KithError) || cause.code !== 'closed') throw cause
          }
        }
        throw new KithError('closed', 'No page of this version of the app is open.')
      }
      return { any, remove: () => known.delete(ask) }
    },
  }
}

/** Equal for apps whose lenses read the same. */
const appToKey = ({ id, version, tables }: App): string =>
  [id, version, ...Object.values(tables).flatMap((table) => lensesOf(table).map(({ code }) => code))].join('/')
