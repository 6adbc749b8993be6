import { KithError } from '../bytes/index.ts'
import type { Lane } from '../wire/index.ts'
import type { HubConnection, PullWish } from './hub-connection.ts'

/** Pulls that somebody waits for, of one log on one connection. */
export type PullNow = {
  /** Resolves when all that was asked for has come. Rejects with the hub's refusal, or the connection's end. */
  readonly pull: (wishes: readonly PullWish[]) => Promise<void>
  /** The lane has come to its end, or to its limit, for the pull of this number. */
  readonly ended: (request: number, lane: Lane) => void
  readonly close: () => void
}

type Answer = { readonly resolve: () => void; readonly reject: (error: KithError) => void }

export const createPullNow = (connection: HubConnection): PullNow => {
  const answers = new Map<string, Answer>()
  /** Ends that came before the number of their pull was known here. */
  const early = new Set<string>()
  let asking = 0

  const pull: PullNow['pull'] = async (wishes) => {
    asking += 1
    try {
      const results = await connection.pull(wishes)
      const accepted = results.map((result) => {
        if (result instanceof KithError) throw result
        return result
      })
      await Promise.all(
        accepted.map(async ({ request, news }, index) => {
          const key = toKey(request, (wishes[index] as PullWish).lane)
          if (!news || early.delete(key)) return
          await new Promise<void>((resolve, reject) => answers.set(key, { resolve, reject }))
        }),
      )
    } finally {
      asking -= 1
      if (asking === 0) early.clear()
    }
  }

  return {
    pull,
    ended: (request, lane) => {
      const key = toKey(request, lane)
      const answer = answers.get(key)
      answers.delete(key)
      if (answer) answer.resolve()
      else if (asking > 0 && request > 0) early.add(key)
    },
    close: () => {
      for (const answer of answers.values()) answer.reject(ended())
      answers.clear()
    },
  }
}

const toKey = (request: number, lane: Lane): string => `${request}/${lane}`

const ended = (): KithError => new KithError('closed', 'The connection to the hub ended.')
