/** Why an authority gave no certificate, as its operator has to hear it. */
import { KithError } from '@kith/core/bytes'

/** A problem document of RFC 8555, 6.7; `type` without its urn. */
export type AcmeProblem = { readonly type: string; readonly detail: string; readonly retryAfterMs: number }

export type CertificateFailure =
  | 'dns'
  | 'unreachable'
  | 'not-found-there'
  | 'forbidden'
  | 'rate-limited'
  | 'name'
  | 'authority'
  | 'refused'

const byType: Readonly<Record<string, CertificateFailure>> = {
  dns: 'dns',
  connection: 'unreachable',
  tls: 'not-found-there',
  unauthorized: 'not-found-there',
  incorrectResponse: 'not-found-there',
  caa: 'forbidden',
  rateLimited: 'rate-limited',
  rejectedIdentifier: 'name',
  unsupportedIdentifier: 'name',
  serverInternal: 'authority',
}

const detailCharsMax = 300

/** Code `certificate-refused`; `details.why` says what kind of failure, `details.retryAfterMs` what the authority asked for. */
export function problemToError(name: string, port: number, problem: AcmeProblem, cause?: unknown): KithError {
  const why = byType[problem.type] ?? 'refused'
  const detail = plain(problem.detail)
  const told = detail === '' ? '' : ` The authority says: ${detail}`
  return new KithError(
    'certificate-refused',
    `No certificate for ${name}: ${meanings[why](name, port)}${told}`,
    { why, retryAfterMs: problem.retryAfterMs },
    cause,
  )
}

/** For an authority that does not answer, or not as one does. */
export function authorityError(name: string, directory: string, cause: unknown): KithError {
  const said = plain(cause instanceof Error ? cause.message : String(cause))
  return new KithError(
    'certificate-refused',
    `No certificate for ${name}: the authority at ${directory} cannot be used (${said}). Look at this machine's way to the internet, and at --acme-directory.`,
    { why: 'authority', retryAfterMs: 0 },
    cause,
  )
}

const meanings: Readonly<Record<CertificateFailure, (name: string, port: number) => string>> = {
  dns: (name) => `its name is not found. Give ${name} an A or AAAA record with the public address of this machine.`,
  unreachable: (name, port) =>
    `nothing answers on port 443 of ${name} from outside. Open it in firewall and router, lead it to port ${port} here, and see that the name's A and AAAA records are this machine's.`,
  'not-found-there': (name, port) =>
    `on port 443 of ${name} the authority did not find this hub: nothing answers there, or somebody else does. Point its A and AAAA records here, lead port 443 to port ${port} here, and let no proxy on the way end TLS.`,
  forbidden: (name) => `a CAA record of ${name} allows other authorities only. Change it, or say --acme-directory.`,
  'rate-limited': () =>
    'too many were asked for of late. The hub waits as long as it was told; stopping and starting does not help.',
  name: (name) => `the authority gives none for "${name}". Use a name that you own.`,
  authority: () => 'the authority has a failure of its own. The hub tries again.',
  refused: () => 'the authority refused.',
}

/** What others wrote goes into logs: one line, bounded, without control characters. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, detailCharsMax)
}
