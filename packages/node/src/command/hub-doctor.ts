/** `kith hub doctor`: what is right and what is wrong with a hub, running or not, each with what to do. Changes nothing. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toHex } from '@kith/core/bytes'
import { frameToHubMessage, protocolVersion } from '@kith/core/wire'
import { examineS3, examineShared, readAcmeState, readCertificate } from '@kith/hub'
import { WebSocket } from 'ws'
import { readOperatorFile } from './hub-serve.ts'
import type { HubSettings } from './hub-settings.ts'
import type { Output } from './output.ts'

/** Undefined where a check does not apply. */
type Finding = { readonly isGood: boolean; readonly text: string } | undefined

const good = (text: string): Finding => ({ isGood: true, text })
const bad = (text: string): Finding => ({ isGood: false, text })

const freeBytesMin = 1024 ** 3
const certificateDaysMin = 14
const waitMs = 5000
const dayMs = 24 * 60 * 60 * 1000

/** Whether everything is right. */
export const examineHub = async (settings: HubSettings, output: Output): Promise<boolean> => {
  const local = `${settings.certificate === undefined && settings.acme === undefined ? 'ws' : 'wss'}://${hostToReach(settings.host)}:${settings.port}`
  const here = await greet(local, false)
  const findings: Finding[] = [
    checkNode(),
    ...(settings.database === undefined
      ? [
          checkFolder(settings.storage),
          checkRoom(settings.storage),
          checkDatabase(settings.storage, here.key !== undefined),
        ]
      : await examineShared({ postgres: settings.database, nats: settings.nats })),
    settings.s3 === undefined
      ? undefined
      : await examineS3(settings.s3, here.key === undefined ? undefined : Buffer.from(here.key, 'hex')),
    checkFiles(),
    checkCertificate(settings),
    checkAcmeFolder(settings),
    here.key === undefined
      ? bad(`Nothing answers on ${local} (${here.problem}). Start it: kith hub`)
      : good(`A hub answers on ${local}`),
    ...(await checkOperator(settings, here.key !== undefined)),
    here.key === undefined ? undefined : checkClock(here.aheadMs),
    await checkOutside(settings.url, here.key),
  ]
  const isColoured = output.columns !== undefined
  const found = findings.filter((finding) => finding !== undefined)
  for (const { isGood, text } of found) {
    const [mark, colour] = isGood ? ['✔', 32] : ['✘', 31]
    output.print(isColoured ? `\u001b[${colour}m${mark}\u001b[0m ${text}` : `${mark} ${text}`)
  }
  return found.every(({ isGood }) => isGood)
}

const checkNode = (): Finding => {
  const major = Number(process.versions.node.split('.')[0])
  return major >= 24
    ? good(`Node ${process.versions.node}`)
    : bad(`Node ${process.versions.node} is too old: install 24 or later`)
}

const checkFolder = (storage: string): Finding => {
  const folder = dirname(resolve(storage))
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch {
    return bad(`${folder} cannot be written to: make it, and give it to the user that the hub runs as`)
  }
  if (!existsSync(storage)) return good(`${storage} will be made in ${folder}`)
  const isShared = process.platform !== 'win32' && (statSync(storage).mode & 0o077) !== 0
  return isShared
    ? bad(`${storage} can be read by others on this machine, and holds the hub's keys: chmod 600 ${storage}`)
    : good(`${storage} is for its user alone`)
}

const checkRoom = (storage: string): Finding => {
  const folder = dirname(resolve(storage))
  if (!existsSync(folder)) return undefined
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB are free on its disk`
  return free >= freeBytesMin ? good(text) : bad(`${text}: make room, or clients' writes will be refused`)
}

/** A running hub has its file to itself. */
const checkDatabase = (storage: string, isRunning: boolean): Finding => {
  if (isRunning || !existsSync(storage)) return undefined
  try {
    const database = new DatabaseSync(storage, { readOnly: true, timeout: 0 })
    try {
      const verdict = database.prepare('PRAGMA quick_check(1)').get() as Record<string, unknown>
      const { application_id: id } = database.prepare('PRAGMA application_id').get() as { application_id: number }
      if (id !== 0x4b694862) return bad(`${storage} is not a hub's database: name another with --storage`)
      if (Object.values(verdict)[0] !== 'ok')
        return bad(`${storage} is damaged: kith hub restore, or start with a new one, which clients fill`)
      return good('The database is whole')
    } finally {
      database.close()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return bad(`${storage} cannot be read (${why}): another process may have it, or it is damaged`)
  }
}

/** Each client is an open file. */
const checkFiles = (): Finding => {
  const limits = '/proc/self/limits'
  if (!existsSync(limits)) return undefined
  const most = Number(/^Max open files +(\d+)/m.exec(readFileSync(limits, 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY)
  return most >= 4096
    ? good(`${most} open files are allowed, so about as many clients`)
    : bad(`Only ${most} open files are allowed, so fewer clients: LimitNOFILE=65536 in its unit, or ulimit -n 65536`)
}

const checkCertificate = ({ certificate, key, url }: HubSettings): Finding => {
  if (certificate === undefined || key === undefined) return undefined
  try {
    const read = new X509Certificate(readFileSync(certificate))
    if (!read.checkPrivateKey(createPrivateKey(readFileSync(key))))
      return bad(`${key} is not the key of ${certificate}`)
    const days = Math.floor((Date.parse(read.validTo) - Date.now()) / dayMs)
    if (days < 0)
      return bad(`The certificate ended ${-days} days ago: renew it; the running hub takes it over by itself`)
    if (days < certificateDaysMin)
      return bad(`The certificate ends in ${days} days: renew it; the running hub takes it over by itself`)
    const name = url === undefined ? undefined : new URL(url).hostname
    if (name !== undefined && read.checkHost(name) === undefined) return bad(`The certificate is not for ${name}`)
    return good(`The certificate is good for ${days} days`)
  } catch (cause) {
    return bad(`${certificate} and ${key} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** What the hub got by itself, and why not. */
const checkAcmeFolder = ({ acme }: HubSettings): Finding => {
  if (acme === undefined) return undefined
  const certificate = readCertificate(acme.folder)
  const { problem, retryAtMs, name } = readAcmeState(acme.folder)
  const next =
    problem === undefined
      ? ''
      : `; the last try failed, the next is at ${new Date(retryAtMs).toISOString()}. ${problem}`
  if (certificate === undefined)
    return bad(
      problem === undefined
        ? `No certificate for ${acme.name} was got yet: start it`
        : `There is no certificate${next}`,
    )
  if (name !== acme.name)
    return bad(`The certificate is for ${name ?? 'another name'}, and is to be for ${acme.name}${next}`)
  const days = Math.floor((certificate.untilMs - Date.now()) / dayMs)
  const lifetimeDays = (certificate.untilMs - certificate.fromMs) / dayMs
  if (days < 0) return bad(`The certificate ended ${-days} days ago${next}`)
  // It is renewed long before; what is left by then are failures.
  const text = `The certificate for ${acme.name} is good for ${days} days${next}`
  return days < lifetimeDays / 3 && problem !== undefined ? bad(text) : good(text)
}

const checkOperator = async ({ storage, access }: HubSettings, isRunning: boolean): Promise<Finding[]> => {
  const operator = readOperatorFile(storage)
  if (!isRunning || operator === undefined) return []
  const headers = { authorization: `Bearer ${operator.token}` }
  const answer = await fetch(`${operator.url}/metrics`, { headers, signal: AbortSignal.timeout(waitMs) }).catch(
    () => undefined,
  )
  if (answer?.status !== 200) return [bad(`The operator's page on ${operator.url} does not answer`)]
  const metrics = await answer.text()
  const value = (name: string): number => Number(new RegExp(`^kith_hub_${name} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0)
  if (value('healthy') !== 1) return [bad('The hub cannot read its storage: look at its log')]
  if (value('storage_failures_total') > 0)
    return [bad('Writes have failed since the start: look at its log and at the disk')]
  if (value('large_entries_away') > 0)
    return [bad('The hub is without its S3: large entries are neither taken nor given, all else is')]
  if (/^kith_hub_fan_out_connected 0$/m.test(metrics))
    return [bad('The hub is without its NATS: followers on other processes wait a second for what is put')]
  const mode = /^kith_hub_access\{mode="(\w+)"\}/m.exec(metrics)?.[1] ?? 'open'
  return [
    good(`Healthy: ${value('connections_open')} connections, ${value('logs')} logs, ${value('entries')} entries`),
    checkAccess(mode, access.access, value('members'), value('invites')),
  ]
}

const checkAccess = (mode: string, wanted: string, members: number, invites: number): Finding => {
  if (mode !== wanted) return bad(`The hub runs as ${mode}, and is set to ${wanted}: start it again`)
  if (mode === 'open') return good('Everybody may keep things there')
  const people = `${members} member${members === 1 ? '' : 's'}, ${invites} invite${invites === 1 ? '' : 's'}`
  return members + invites === 0
    ? bad(`It is for members, and has none: kith hub invite`)
    : good(`For members, ${mode}: ${people}`)
}

/** Tickets and times go by the hub's clock; the two are one machine's unless the hub is far away. */
const checkClock = (aheadMs: number): Finding =>
  Math.abs(aheadMs) < 60_000
    ? good('Its clock agrees with this machine’s')
    : bad(`Its clock is off by ${Math.round(aheadMs / 1000)} s: set it by NTP`)

const checkOutside = async (url: string | undefined, key: string | undefined): Promise<Finding> => {
  if (url === undefined) return undefined
  const there = await greet(url, true)
  if (there.key === undefined)
    return bad(`${url} cannot be reached (${there.problem}): look at DNS, the firewall and the proxy`)
  if (key !== undefined && there.key !== key)
    return bad(`Another hub answers on ${url}: its key is not that of this one`)
  return good(`${url} reaches this hub`)
}

type Greeting = { readonly key: string | undefined; readonly aheadMs: number; readonly problem: string }

/** A hub's hello. Its own certificate is for its public name, so that it is not checked on this machine's address. */
const greet = (url: string, isChecked: boolean): Promise<Greeting> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, {
      rejectUnauthorized: isChecked,
      handshakeTimeout: waitMs,
      perMessageDeflate: false,
    })
    const end = (greeting: Partial<Greeting>) => {
      resolve({ key: undefined, aheadMs: 0, problem: 'no answer', ...greeting })
      clearTimeout(timer)
      socket.terminate()
    }
    const timer = setTimeout(() => end({}), waitMs)
    socket.on('error', (cause) => end({ problem: cause.message === '' ? 'refused' : cause.message }))
    socket.on('close', () => end({}))
    socket.on('message', (data: Buffer) => {
      try {
        const hello = frameToHubMessage(data)
        if (hello.type !== 'hello' || hello.version !== protocolVersion) end({ problem: 'not a hub of this version' })
        else end({ key: toHex(hello.hubKey), aheadMs: hello.timeMs - Date.now() })
      } catch {
        end({ problem: 'not a hub' })
      }
    })
  })

const hostToReach = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
