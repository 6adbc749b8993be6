/** What `kith hub` is told: by flags, then the environment, then a file; what nobody says has a default. */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { KithError } from '@kith/core/bytes'
import { tokensPerPeriodMax, workBitsMax } from '@kith/core/limits'
import { hubAccesses } from '@kith/core/wire'
import {
  type AccessOptions,
  type AcmeOptions,
  checkAcme,
  checkForward,
  checkS3,
  defaultAccess,
  defaultS3,
  type ForwardOptions,
  type S3Options,
} from '@kith/hub'
import { UsageError } from './output.ts'

export type HubSettings = {
  readonly storage: string
  readonly host: string
  readonly port: number
  readonly certificate: string | undefined
  readonly key: string | undefined
  /** The hub gets its certificate by itself. */
  readonly acme: AcmeOptions | undefined
  /** The header by which a proxy before the hub tells addresses; says that there is one. */
  readonly proxyHeader: string | undefined
  /** How clients name the hub; for `kith hub doctor`. */
  readonly url: string | undefined
  /** Undefined: no operator's page. */
  readonly operatorPort: number | undefined
  readonly operatorHost: string
  readonly operatorToken: string | undefined
  readonly leaseDays: number
  readonly storageBytesMax: number | undefined
  readonly access: AccessOptions
  /** postgres://…, where several processes share one hub; `storage` then only names the file about the operator's page. */
  readonly database: string | undefined
  /** nats://…, by which those processes tell each other. */
  readonly nats: string | undefined
  /** Where large entries go; undefined: beside the storage, or into the database. */
  readonly s3: S3Options | undefined
  /** Folder of a built app to serve beside the hub. */
  readonly site: string | undefined
  /** To which other hubs it carries connections. */
  readonly forward: ForwardOptions | undefined
}

/** Name of the flag, of the variable KITH_HUB_… and of the field in the file: one word list for all three. */
const names = [
  'storage',
  'host',
  'port',
  'certificate',
  'key',
  'acme',
  'acme-terms',
  'acme-email',
  'acme-directory',
  'acme-roots',
  'proxy-header',
  'url',
  'operator-port',
  'operator-host',
  'operator-token',
  'lease-days',
  'storage-max',
  'access',
  'tokens',
  'token-days',
  'token-room',
  'invite-days',
  'work',
  'work-bits',
  'database',
  'nats',
  's3-endpoint',
  's3-bucket',
  's3-region',
  's3-prefix',
  's3-key-id',
  's3-secret',
  'site',
  'forward',
] as const

/** Not by flags: every user of the machine sees those. */
const secretNames = ['s3-key-id', 's3-secret'] as const

export type SettingName = (typeof names)[number]
export type Said = Partial<Record<SettingName, string>>

/** Looked for where `kith hub` is started; made from the answers to its questions. */
export const settingsFile = 'hub.json'

export type SaidSettings = {
  readonly said: Said
  /** Whether anything was said anywhere: if not, a person at a terminal is asked. */
  readonly isEmpty: boolean
  readonly positionals: readonly string[]
}

/** @throws UsageError for an unknown flag; KithError `bad-value` for a file that is none of ours. */
export const readSaid = (parameters: string[], environment: NodeJS.ProcessEnv): SaidSettings => {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: { ...options, config: { type: 'string' } },
  })
  const flags = values as Said & { config?: string }
  for (const name of secretNames)
    if (flags[name] !== undefined)
      throw new UsageError(
        `Flags are seen by the machine’s other users: say ${toVariable(name)}=… before the command, or "${name}" in hub.json.`,
      )
  const file = readFile(flags.config)
  const said: Said = {}
  for (const name of names) {
    const value = flags[name] ?? environment[toVariable(name)] ?? file?.[name]
    if (value !== undefined) said[name] = value
  }
  return { said, isEmpty: Object.keys(said).length === 0 && file === undefined, positionals }
}

const toVariable = (name: SettingName): string => `KITH_HUB_${name.toUpperCase().replaceAll('-', '_')}`

const readFile = (named: string | undefined): Said | undefined => {
  const path = named ?? settingsFile
  if (named === undefined && !existsSync(path)) return undefined
  const wrong = (why: string): KithError => new KithError('bad-value', `${path} holds no settings of a hub: ${why}.`)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw wrong(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause))
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw wrong('not an object')
  const said: Said = {}
  for (const [name, value] of Object.entries(content)) {
    if (!(names as readonly string[]).includes(name))
      throw wrong(`"${name}" is no setting; there are ${names.join(', ')}`)
    if (typeof value !== 'string' && typeof value !== 'number') throw wrong(`"${name}" is neither text nor a number`)
    said[name as SettingName] = String(value)
  }
  return said
}

/** @throws UsageError for a value that cannot be meant, and for plain `ws://` to other machines. */
export const toSettings = (said: Said): HubSettings => {
  const storage = said.storage ?? 'hub.db'
  const acme = toAcme(said, storage)
  const port = toPort(said.port ?? (acme === undefined ? '8790' : '443'))
  const operatorPort = port === 0 ? '0' : String(acme === undefined ? port + 1 : 8791)
  const settings: HubSettings = {
    storage,
    host: said.host ?? (acme === undefined ? '127.0.0.1' : '0.0.0.0'),
    port,
    certificate: said.certificate,
    key: said.key,
    acme,
    proxyHeader: said['proxy-header'],
    url: said.url ?? (acme === undefined ? undefined : `wss://${acme.name}`),
    operatorPort: said['operator-port'] === 'off' ? undefined : toPort(said['operator-port'] ?? operatorPort),
    operatorHost: said['operator-host'] ?? '127.0.0.1',
    operatorToken: said['operator-token'],
    leaseDays: toCount('lease-days', said['lease-days'] ?? '365'),
    storageBytesMax: said['storage-max'] === undefined ? undefined : toBytes(said['storage-max']),
    access: toAccess(said),
    database: said.database,
    nats: said.nats,
    s3: toS3(said),
    site: said.site,
    forward: said.forward === undefined ? undefined : toForward(said.forward),
  }
  if ((settings.certificate === undefined) !== (settings.key === undefined))
    throw new UsageError('Say both --certificate and --key, or neither.')
  if (settings.nats !== undefined && settings.database === undefined)
    throw new UsageError('--nats is for hubs that share a --database; one with a file of its own needs none.')
  if (settings.database !== undefined && settings.storageBytesMax !== undefined)
    throw new UsageError('--storage-max bounds a file: how large a --database may grow is set there.')
  if (settings.url !== undefined && !/^wss?:\/\/[^/\s]+/.test(settings.url))
    throw new UsageError(`"${settings.url}" is no address of a hub: it begins with wss://.`)
  const hasCertificate = settings.certificate !== undefined || acme !== undefined
  if (!isLoopback(settings.host) && !hasCertificate && settings.proxyHeader === undefined) {
    throw new UsageError(
      `On ${settings.host} others could read along: say --acme with the hub’s name, --certificate and --key, or --proxy-header if a proxy with TLS stands before the hub.`,
    )
  }
  if (!isLoopback(settings.operatorHost) && settings.operatorToken === undefined)
    throw new UsageError('The operator’s page for other machines wants --operator-token, and TLS by a proxy of yours.')
  return settings
}

const toAcme = (said: Said, storage: string): AcmeOptions | undefined => {
  if (said.acme === undefined) {
    const alone = (['acme-terms', 'acme-email', 'acme-directory', 'acme-roots'] as const).find((name) => said[name])
    if (alone !== undefined)
      throw new UsageError(`--${alone} says how a certificate is got, and --acme NAME that it is.`)
    return undefined
  }
  if (said.certificate !== undefined || said['proxy-header'] !== undefined)
    throw new UsageError('With --acme the hub has its own certificate: say no --certificate, and no --proxy-header.')
  if (said.database !== undefined)
    throw new UsageError('--acme is for a hub of one process: with --database, let the balancer have the certificate.')
  const acme: AcmeOptions = {
    name: said.acme,
    folder: `${storage}-acme`,
    agreesToTerms: said['acme-terms'] === 'agreed',
    email: said['acme-email'],
    directory: said['acme-directory'],
    directoryRoots: said['acme-roots'],
  }
  try {
    checkAcme(acme)
  } catch (cause) {
    throw new UsageError((cause as Error).message)
  }
  return acme
}

const toS3 = (said: Said): S3Options | undefined => {
  const endpoint = said['s3-endpoint']
  if (endpoint === undefined) {
    const alone = (['s3-bucket', 's3-region', 's3-prefix'] as const).find((name) => said[name])
    if (alone !== undefined) throw new UsageError(`--${alone} is of large entries on S3: say --s3-endpoint too.`)
    return undefined
  }
  const s3: S3Options = {
    endpoint,
    bucket: said['s3-bucket'] ?? '',
    region: said['s3-region'] ?? defaultS3.region,
    prefix: said['s3-prefix'] ?? defaultS3.prefix,
    keyId: said['s3-key-id'] ?? '',
    secret: said['s3-secret'] ?? '',
  }
  try {
    checkS3(s3)
  } catch (cause) {
    throw new UsageError((cause as Error).message)
  }
  return s3
}

const toAccess = (said: Said): AccessOptions => ({
  access: toChoice('access', hubAccesses, said.access, defaultAccess.access),
  tokensPerPeriod: toCount('tokens', said.tokens ?? String(defaultAccess.tokensPerPeriod), tokensPerPeriodMax),
  periodDays: toCount('token-days', said['token-days'] ?? String(defaultAccess.periodDays), 3650),
  roomBytes: said['token-room'] === undefined ? defaultAccess.roomBytes : toBytes(said['token-room']),
  inviteDays: toCount('invite-days', said['invite-days'] ?? String(defaultAccess.inviteDays), 3650),
  work: toChoice('work', ['never', 'crowded', 'always'], said.work, defaultAccess.work),
  // A crowd finds up to 4 more, and clients do no more than 24.
  workBits: toCount('work-bits', said['work-bits'] ?? String(defaultAccess.workBits), workBitsMax - 4),
})

/** `off`, or `public` and addresses of hubs, with commas between them. */
const toForward = (written: string): ForwardOptions | undefined => {
  if (written === 'off') return undefined
  const words = written.split(',').map((word) => word.trim())
  const forward = { isPublic: words.includes('public'), hubs: words.filter((word) => word !== 'public') }
  try {
    checkForward(forward)
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    throw new UsageError(`--forward is off, public, or addresses of hubs with commas between them. ${cause.message}`)
  }
  return forward
}

const toChoice = <Choice extends string>(
  name: string,
  choices: readonly Choice[],
  written: string | undefined,
  usual: Choice,
): Choice => {
  const found = written === undefined ? usual : choices.find((choice) => choice === written)
  if (found === undefined) throw new UsageError(`--${name} is one of ${choices.join(', ')}; not "${written}".`)
  return found
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

const toPort = (written: string): number => {
  const port = Number(written)
  if (!/^\d{1,5}$/.test(written) || port > 65_535) throw new UsageError(`"${written}" is no port.`)
  return port
}

const toCount = (name: string, written: string, most = 999_999): number => {
  if (!/^[1-9]\d{0,5}$/.test(written) || Number(written) > most)
    throw new UsageError(`"${written}" is no number for --${name}.`)
  return Number(written)
}

const toBytes = (written: string): number => {
  const [, digits = '', unit = ''] = /^(\d{1,9}) ?([KMGT]?)(?:i?B)?$/i.exec(written) ?? []
  if (digits === '') throw new UsageError(`"${written}" is no size: write 500M or 20G.`)
  return Number(digits) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' ')
}
