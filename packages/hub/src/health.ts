import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EntryStore, LogName } from './store/entry-store.ts'

const nobody: LogName = { id: new Uint8Array(32), key: '00'.repeat(32), kind: 'space' }

/** `GET /health`: alive, and able to read its storage. Without S3 a hub is well enough: all but large entries goes on. Sums over the whole hub only where the operator publishes them. */
export function createHealth(store: EntryStore, publishTotals: boolean) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'GET' || request.url !== '/health') {
      answer(response, 404, { error: 'not found' })
      return
    }
    try {
      // A balancer asks each second: only a look at one log that is not there, unless sums are wanted.
      const totals = publishTotals ? await store.totals() : void (await store.has(nobody))
      const large = store.isLargeAway() ? { largeEntries: 'away' } : {}
      answer(response, 200, { status: 'ok', ...large, ...totals })
    } catch {
      answer(response, 503, { status: 'storage fails' })
    }
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
