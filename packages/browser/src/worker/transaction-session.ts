import type { App, Space, Transaction } from '@kith/core'
import { KithError } from '@kith/core/bytes'
import { toError } from '../port/error-data.ts'
import type { ListenEvents, WriteNote } from '../port/messages.ts'
import { createNameReplacer, type Step, type WriteVerb } from '../port/steps.ts'
import { nodeToQuery, type QueryNode } from './query.ts'

/** The page is to run its callback, under this name. An earlier run is over, whatever came of it. */
export type TransactionEvent = { readonly run: string }

/** What came of a run: ids of its inserts by step, or that it is over because another run has begun. */
export type Outcome = { readonly ids: readonly (string | undefined)[] } | 'again' | 'failed'

type Run = {
  readonly name: string
  readonly query: (node: QueryNode) => Promise<object[]>
  readonly finish: (write: WriteNote, transaction: string, steps: readonly Step[]) => void
  readonly fail: () => void
}

/**
 * A transaction whose callback runs in the page and reads as it goes. The core runs it again, here, when what it has read
 * changed meanwhile; then the page does.
 */
export const createTransactionSession = ({ event, failed }: ListenEvents<TransactionEvent>, space: Space<App>) => {
  let run: Run | undefined
  /** Waits for what comes of the run that has ended. */
  let told: ((outcome: Outcome | Promise<never>) => void) | undefined
  const tell = (outcome: Outcome | Promise<never>): void => {
    told?.(outcome)
    told = undefined
  }
  let isStopped = false
  let isOver = false
  /** Of the run that has written last. */
  let taken: WriteNote | undefined

  const whole = space.transact(
    (tx) =>
      new Promise<(string | undefined)[]>((resolve, reject) => {
        if (isStopped) return reject(stopped())
        run = {
          name: crypto.randomUUID(),
          query: (node) => tx.query<object>(nodeToQuery(node)),
          finish: (write, transaction, steps) => {
            try {
              const ids = runSteps(tx, transaction, steps)
              // Should it be run again, or fail, this is taken back before anything is committed.
              write.done(ids)
              taken = write
              resolve(ids)
            } catch (cause) {
              reject(toError(cause))
            }
          },
          fail: () => reject(pageFailed),
        }
        taken?.undo()
        taken = undefined
        tell('again')
        event({ run: run.name })
      }),
  )
  whole.then(
    (ids) => {
      isOver = true
      tell({ ids })
    },
    (cause: unknown) => {
      isOver = true
      taken?.undo()
      if (cause === pageFailed) tell('failed')
      else if (told) tell(Promise.reject(toError(cause)))
      else if (!isStopped) failed(cause)
    },
  )

  const ending = async (name: string, end: (run: Run) => void): Promise<Outcome> => {
    const current = run
    if (isOver) return 'failed'
    if (current?.name !== name) return 'again'
    return new Promise<Outcome>((resolve) => {
      told = resolve
      end(current)
    })
  }
  return {
    stop: () => {
      isStopped = true
      run?.fail()
    },
    calls: {
      query: async (name: string, node: QueryNode) => {
        if (run?.name !== name) throw new KithError('transaction-conflict', 'The transaction is being run again.')
        return run.query(node)
      },
      fail: (name: string) => ending(name, (current) => current.fail()),
    },
    writes: {
      /** Remembered as its ids alone. */
      finish: (write: WriteNote, name: string, transaction: string, steps: readonly Step[]) =>
        ending(name, (current) =>
          current.finish({ done: (ids) => write.done({ ids }), undo: write.undo }, transaction, steps),
        ),
    },
  }
}

const pageFailed = new Error('The callback failed in the page.')
const stopped = (): KithError => new KithError('closed', 'The page that ran the transaction is gone.')

/** Tables by name, with the types left to the page. */
type AnyTable = { readonly [V in WriteVerb]: (...parameters: unknown[]) => unknown }

/** Does what a page has recorded. Gives the ids of new rows by the number of their step. */
export const runSteps = (tx: Transaction<App>, transaction: string, steps: readonly Step[]): (string | undefined)[] => {
  const tables = tx as unknown as Readonly<Record<string, AnyTable | undefined>>
  const ids: (string | undefined)[] = []
  const replace = createNameReplacer(transaction, (index) => ids[index])
  for (const { table: name, verb, parameters } of steps) {
    // The page's tables are the app's: another name is a defect there.
    const table = Object.hasOwn(tables, name) ? tables[name] : undefined
    if (!table) throw new TypeError(`no table ${name}`)
    const result = table[verb](...parameters.map(replace))
    ids.push(typeof result === 'string' ? result : undefined)
  }
  return ids
}
