/** One order for a certificate at an ACME authority, from the account to the chain. */
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { KithError } from '@kith/core/bytes'
import type * as AcmeClient from 'acme-client'
import type { ChallengeDoor } from './challenge-door.ts'
import { readAccount, writeAccount } from './files.ts'
import { type AcmeOptions, directoryUrl } from './options.ts'
import { type AcmeProblem, authorityError, problemToError } from './refusal.ts'

type Library = typeof AcmeClient

const requestMsMax = 30_000
/** The library's types do not know it; the library does. */
const challengeType: string = 'tls-alpn-01'

/** The chain and its key as one PEM. Throws KithError `certificate-refused`, and `storage-unavailable` for the account's key. */
export async function orderCertificate(options: AcmeOptions, port: number, door: ChallengeDoor): Promise<string> {
  const { name } = options
  const directory = directoryUrl(options.directory)
  const agent = new Agent(options.directoryRoots === undefined ? {} : { ca: readFileSync(options.directoryRoots) })
  await greet(directory, agent).catch((cause: unknown) => {
    throw authorityError(name, directory, cause)
  })
  const library = await load(agent)
  const kept = readAccount(options.folder, directory)
  const key = kept?.key ?? (await library.crypto.createPrivateEcdsaKey('P-256')).toString()
  if (kept === undefined) writeAccount(options.folder, { directory, key, url: undefined })
  const client = new library.Client({
    directoryUrl: directory,
    accountKey: key,
    ...(kept?.url === undefined ? {} : { accountUrl: kept.url }),
    backoffAttempts: 20,
    backoffMin: 500,
    backoffMax: 5000,
  })
  try {
    if (kept?.url === undefined) {
      await client.createAccount({
        termsOfServiceAgreed: options.agreesToTerms,
        ...(options.email === undefined ? {} : { contact: [`mailto:${options.email}`] }),
      })
      writeAccount(options.folder, { directory, key, url: client.getAccountUrl() })
    }
    const order = await client.createOrder({ identifiers: [{ type: 'dns', value: name }] })
    for (const authorization of await client.getAuthorizations(order)) {
      if (authorization.status === 'valid') continue
      const challenge = authorization.challenges.find(({ type }) => type === challengeType)
      if (challenge === undefined)
        throw problemToError(name, port, { type: '', detail: `it offers no ${challengeType}`, retryAfterMs: 0 })
      const proof = await client.getChallengeKeyAuthorization(challenge)
      const [challengeKey, certificate] = await library.crypto.createAlpnCertificate(authorization, proof)
      door.open(certificate.toString(), challengeKey.toString())
      await client.completeChallenge(challenge)
      await client.waitForValidStatus(challenge).catch(async (cause: unknown) => {
        throw (await challengeProblem(client, order, name, port)) ?? cause
      })
    }
    const ownKey = await library.crypto.createPrivateEcdsaKey('P-256')
    const [, request] = await library.crypto.createCsr({ commonName: name, altNames: [name] }, ownKey)
    const chain = await client.getCertificate(await client.finalizeOrder(order, request))
    return `${chain.trim()}\n${ownKey.toString()}`
  } catch (cause) {
    if (cause instanceof KithError) throw cause
    // An account that the authority has forgotten is made anew the next time.
    if (told?.type === 'accountDoesNotExist') writeAccount(options.folder, { directory, key, url: undefined })
    throw told === undefined ? authorityError(name, directory, cause) : problemToError(name, port, told, cause)
  } finally {
    door.close()
  }
}

/** Whether anybody is there at all: the library, told to try once, does not say why not. */
function greet(directory: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(directory, { agent, timeout: requestMsMax }, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve()
      else reject(new Error(`it answers ${response.statusCode}`))
    })
    request.on('timeout', () => request.destroy(new Error('it does not answer')))
    request.on('error', reject)
  })
}

/** The last problem that an authority answered with: the library passes on its text alone. One order at a time is under way in a process. */
let told: AcmeProblem | undefined
let isListening = false

/** Loaded only where a hub is told to use it. */
async function load(agent: Agent): Promise<Library> {
  const library = await import('acme-client')
  const { axios } = library
  axios.defaults.httpsAgent = agent
  axios.defaults.timeout = requestMsMax
  // Failures are ours to wait after, for hours and over restarts.
  Object.assign(axios.defaults, { acmeSettings: { ...settingsOf(axios.defaults), retryMaxAttempts: 0 } })
  told = undefined
  if (isListening) return library
  isListening = true
  axios.interceptors.response.use((response) => {
    const said = response.data as { type?: unknown; detail?: unknown } | undefined
    if (response.status >= 400) {
      told = {
        type: typeof said?.type === 'string' ? said.type.replace(/^.*:/, '') : '',
        detail: typeof said?.detail === 'string' ? said.detail : `HTTP ${response.status}`,
        retryAfterMs: toRetryAfterMs(response.headers['retry-after']),
      }
    }
    return response
  })
  return library
}

function settingsOf(defaults: object): object {
  return 'acmeSettings' in defaults ? (defaults.acmeSettings as object) : {}
}

/** Of a header in seconds or as a date; 0 for none. */
function toRetryAfterMs(header: unknown): number {
  if (typeof header !== 'string') return 0
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) && ms > 0 ? ms : 0
}

/** What the authority wrote to the challenge. */
async function challengeProblem(
  client: InstanceType<Library['Client']>,
  order: Parameters<InstanceType<Library['Client']>['getAuthorizations']>[0],
  name: string,
  port: number,
): Promise<KithError | undefined> {
  const authorizations = await client.getAuthorizations(order).catch(() => [])
  for (const { challenges } of authorizations) {
    for (const challenge of challenges) {
      const { error } = challenge as { error?: { type?: string; detail?: string } }
      if (error?.type !== undefined)
        return problemToError(name, port, {
          type: error.type.replace(/^.*:/, ''),
          detail: error.detail ?? '',
          retryAfterMs: 0,
        })
    }
  }
  return undefined
}
