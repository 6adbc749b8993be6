import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { toBase64Url } from '@kith/core/bytes'
import { type Hub, readCertificate, startHub } from '@kith/hub'
import type { HubSettings } from './hub-settings.ts'
import type { Output } from './output.ts'

/** Beside the storage, for this user alone: where the operator's page is and its token, so that `backup` and `doctor` find it. */
export type OperatorFile = { readonly url: string; readonly token: string }

const operatorFile = (storage: string): string => `${storage}-operator.json`

export const readOperatorFile = (storage: string): OperatorFile | undefined => {
  const path = operatorFile(storage)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as OperatorFile) : undefined
}

/** Starts a hub as it was told, and says where it is. */
export const serveHub = async (settings: HubSettings, output: Output): Promise<Hub> => {
  const { storage, database, nats, certificate, key, proxyHeader, operatorPort } = settings
  mkdirSync(dirname(resolve(storage)), { recursive: true })
  const token = settings.operatorToken ?? readOperatorFile(storage)?.token ?? randomBytes(18).toString('base64url')
  const hub = await startHub({
    storage: database === undefined ? storage : { postgres: database, nats },
    host: settings.host,
    port: settings.port,
    access: settings.access,
    limits: { leaseDays: settings.leaseDays, storageBytesMax: settings.storageBytesMax },
    log: (event) => {
      // One line each, for the journal; what a start and an end say is said below.
      if (event.event !== 'started' && event.event !== 'stopped' && event.event !== 'connection-refused')
        output.printError(JSON.stringify(event))
    },
    ...(settings.s3 !== undefined ? { s3: settings.s3 } : {}),
    ...(settings.site !== undefined ? { site: settings.site } : {}),
    ...(certificate !== undefined && key !== undefined ? { tls: { certificate, key } } : {}),
    ...(settings.acme !== undefined ? { acme: settings.acme } : {}),
    ...(proxyHeader !== undefined ? { addressHeader: proxyHeader } : {}),
    ...(settings.forward !== undefined ? { forward: settings.forward } : {}),
    ...(operatorPort !== undefined ? { operator: { port: operatorPort, host: settings.operatorHost, token } } : {}),
  })
  // Never the address: it holds a password.
  const kept = database === undefined ? storage : `PostgreSQL${nats === undefined ? '' : ', NATS'}`
  const where = settings.s3 === undefined ? kept : `${kept}, S3`
  output.print(`Hub ${hub.url}\nKey ${toBase64Url(hub.key)}\nStorage ${where}`)
  if (settings.acme !== undefined && readCertificate(settings.acme.folder) === undefined)
    output.print(
      `Its certificate for ${settings.acme.name} is being got; what comes of it is told here, and by kith hub doctor.`,
    )
  if (settings.site !== undefined) output.print(`Site ${hub.url.replace(/^ws/, 'http')}/`)
  if (hub.operatorUrl !== undefined) {
    writeWhole(operatorFile(storage), JSON.stringify({ url: hub.operatorUrl, token }))
    // A journal keeps what is printed: the token is for eyes alone.
    const isTerminal = output.columns !== undefined
    const shown = isTerminal ? hub.operatorUrl.replace('//', `//operator:${token}@`) : hub.operatorUrl
    output.print(`Operator ${shown}${isTerminal ? '' : ` (its token is in ${operatorFile(storage)})`}`)
  }
  output.print('Ctrl-C ends it.')
  return hub
}

/** A hub that is killed while it starts leaves the old file or the new one, never half of one, with which it would not start again. */
const writeWhole = (path: string, text: string): void => {
  const beside = `${path}.new`
  rmSync(beside, { force: true })
  writeFileSync(beside, text, { mode: 0o600, flag: 'wx' })
  renameSync(beside, path)
}
