/** What went wrong between a hub and its S3 service. What that says may hold names and keys: only its error's code is passed on. */

/** Wrong settings stay wrong; the rest may be over the next time. */
export type S3Problem = { readonly isWrong: boolean; readonly text: string }

/** An answer that is larger than anything that was asked for. */
export class TooMuch extends Error {}

export function toS3Problem(cause: unknown): S3Problem {
  const { status, code } = readCause(cause)
  const coded = code === '' ? '' : ` (${code})`
  if (cause instanceof TooMuch) return { isWrong: false, text: 'it answers with more than was asked for' }
  if (status === 401 || status === 403) return { isWrong: true, text: `it refuses the key or its rights${coded}` }
  if (status === 404) return { isWrong: true, text: `it has no such bucket${coded}` }
  if (status >= 300 && status < 500 && status !== 408 && status !== 409 && status !== 429)
    return { isWrong: true, text: `it does not take what is asked: look at endpoint and region${coded}` }
  return { isWrong: false, text: status === 0 ? `it cannot be reached${coded}` : `it fails with ${status}${coded}` }
}

function readCause(cause: unknown): { status: number; code: string } {
  let at = cause
  let code = ''
  let status = 0
  for (let depth = 0; depth < 4 && typeof at === 'object' && at !== null; depth += 1) {
    const found = at as { status?: unknown; code?: unknown; name?: unknown; cause?: unknown }
    if (status === 0 && typeof found.status === 'number') status = found.status
    if (typeof found.code === 'string') code = found.code
    else if (found.name === 'TimeoutError') code = 'timeout'
    at = found.cause
  }
  return { status, code: /^[A-Za-z_]{1,40}$/.test(code) ? code : '' }
}
