/** The operator's own port: the page, `/metrics`, members by number, and the making of a copy. Everything wants the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { KithError } from '@kith/core/bytes'
import type { Members } from '../access/invite.ts'
import { listen } from '../listen.ts'
import type { History } from './history.ts'
import { readingToMetrics } from './metrics.ts'
import { renderPage } from './page.ts'
import type { Reading } from './reading.ts'

export type OperatorOptions = {
  /** 0: any free port. */
  readonly port: number
  /** The local address; 127.0.0.1 unless given. */
  readonly host?: string
  /** As a bearer token, or the password of any user name. */
  readonly token: string
}

export type Operator = { readonly url: string; readonly close: () => Promise<void> }

export type OperatorSources = {
  readonly read: () => Promise<Reading>
  readonly history: History
  /** Makes a copy; resolves with its folder. */
  readonly backup: () => Promise<string>
  readonly members: Members
}

/** Enough that it cannot be guessed over a network. */
const tokenCharsMin = 16

/** @throws KithError `bad-value` for a short token, `host-unavailable`, `port-unavailable`. */
export async function startOperator(options: OperatorOptions, sources: OperatorSources): Promise<Operator> {
  if (options.token.length < tokenCharsMin)
    throw new KithError(
      'bad-value',
      `The operator's token has fewer than ${tokenCharsMin} characters. Choose a longer one.`,
    )
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => answer(response, 500, 'text/plain', 'The hub could not do this.\n'))
  })
  const port = await listen(server, options.host ?? '127.0.0.1', options.port)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const login = toLogin(request.headers.authorization ?? '')
    if (!isToken(login.token, options.token)) {
      response.setHeader('www-authenticate', 'Basic realm="Kith hub", charset="UTF-8"')
      answer(response, 401, 'text/plain', 'The token is missing or wrong.\n')
      return
    }
    const what = `${request.method} ${request.url?.split('?')[0]}`
    if (what === 'GET /') {
      answer(response, 200, 'text/html; charset=utf-8', renderPage(await sources.read(), sources.history.samples()))
    } else if (what === 'GET /metrics') {
      answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', readingToMetrics(await sources.read()))
    } else if (what === 'POST /backup' && login.isBearer) {
      // Bearer alone: a browser that knows the password would send it along with a form of any page.
      answerJson(response, { folder: await sources.backup() })
    } else if (what === 'GET /members') {
      answerJson(response, await sources.members.list())
    } else if (what === 'POST /invite' && login.isBearer) {
      answerJson(response, await sources.members.invite())
    } else if (what === 'POST /remove' && login.isBearer) {
      const n = Number(new URL(request.url ?? '', 'http://hub').searchParams.get('n'))
      answerJson(response, Number.isSafeInteger(n) && n > 0 && (await sources.members.remove(n)))
    } else {
      answer(response, 404, 'text/plain', 'Not here.\n')
    }
  }

  const host = options.host ?? '127.0.0.1'
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      const stopped = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await stopped
    },
  }
}

function toLogin(header: string): { token: string; isBearer: boolean } {
  const [scheme = '', rest = ''] = header.split(' ')
  if (scheme.toLowerCase() === 'bearer') return { token: rest, isBearer: true }
  if (scheme.toLowerCase() !== 'basic') return { token: '', isBearer: false }
  const pair = Buffer.from(rest, 'base64').toString()
  return { token: pair.slice(pair.indexOf(':') + 1), isBearer: false }
}

/** Hashed first, so that lengths may differ and time tells nothing. */
function isToken(given: string, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(token))
}

function answerJson(response: ServerResponse, body: unknown): void {
  answer(response, 200, 'application/json', `${JSON.stringify(body)}\n`)
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  response.end(body)
}
