import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EntryStore } from './store/entry-store.ts'

/** `GET /health`: alive, and able to read its storage. Sums over the whole hub only where the operator publishes them. */
export function createHealth(store: EntryStore, publishTotals: boolean) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'GET' || request.url !== '/health') {
      answer(response, 404, { error: 'not found' })
      return
    }
    try {
      const totals = await store.totals()
      answer(response, 200, { status: 'ok', ...(publishTotals ? totals : {}) })
    } catch {
      answer(response, 503, { status: 'storage fails' })
    }
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
