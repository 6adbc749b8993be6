import { same } from '../expect.ts'
import type { Check } from '../suite.ts'

export const keepingChecks: readonly Check[] = [
  {
    name: 'health',
    section: 'What a hub keeps, and for how long',
    says: '`GET /health` answers `{"status":"ok"}` (with sums over the whole hub where its operator publishes them), or 503 when the storage fails.',
    async run({ url, waitMs }) {
      const health = new URL(url)
      health.protocol = health.protocol === 'wss:' ? 'https:' : 'http:'
      health.pathname = '/health'
      const answer = await fetch(health, { signal: AbortSignal.timeout(waitMs) })
      same(answer.status, 200, 'the status')
      const { status } = (await answer.json()) as { status?: unknown }
      same(status, 'ok', 'what it says')
    },
  },
]
