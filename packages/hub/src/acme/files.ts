/** What a hub keeps about its certificate. The certificate and its key are one file, so that they are replaced as one. */
import { X509Certificate } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { KithError } from '@kith/core/bytes'

export type AcmeState = {
  /** What the certificate in the folder was got for, and where. */
  readonly name: string | undefined
  readonly directory: string | undefined
  /** Failures since the last success. */
  readonly failures: number
  /** Nothing is tried before, milliseconds since 1970 UTC. */
  readonly retryAtMs: number
  /** Why the last try failed. */
  readonly problem: string | undefined
}

export type AcmeAccount = {
  readonly directory: string
  /** PEM. */
  readonly key: string
  /** By which the authority knows it; undefined until it has answered. */
  readonly url: string | undefined
}

export type Certificate = { readonly pem: string; readonly fromMs: number; readonly untilMs: number }

export const freshState: AcmeState = {
  name: undefined,
  directory: undefined,
  failures: 0,
  retryAtMs: 0,
  problem: undefined,
}

const certificateFile = 'certificate.pem'
const accountFile = 'account.json'
const stateFile = 'state.json'

/** @throws KithError `storage-unavailable` where the folder cannot be made. */
export function openAcmeFolder(folder: string): void {
  orUnavailable(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  })
}

/** Undefined where there is none, or what is there cannot be read: another is got. */
export function readCertificate(folder: string): Certificate | undefined {
  try {
    const pem = readFileSync(join(folder, certificateFile), 'utf8')
    const { validFrom, validTo } = new X509Certificate(pem)
    return { pem, fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) }
  } catch {
    return undefined
  }
}

export function writeCertificate(folder: string, pem: string): void {
  replace(folder, certificateFile, pem)
}

/** Undefined where there is none at that authority. */
export function readAccount(folder: string, directory: string): AcmeAccount | undefined {
  const path = join(folder, accountFile)
  if (!existsSync(path)) return undefined
  const kept = JSON.parse(readFileSync(path, 'utf8')) as AcmeAccount
  return kept.directory === directory ? kept : undefined
}

export function writeAccount(folder: string, account: AcmeAccount): void {
  replace(folder, accountFile, `${JSON.stringify(account, undefined, 2)}\n`)
}

export function readAcmeState(folder: string): AcmeState {
  try {
    return { ...freshState, ...(JSON.parse(readFileSync(join(folder, stateFile), 'utf8')) as Partial<AcmeState>) }
  } catch {
    return freshState
  }
}

export function writeAcmeState(folder: string, state: AcmeState): void {
  replace(folder, stateFile, `${JSON.stringify(state, undefined, 2)}\n`)
}

/** Whole or not at all, and for this user alone from its first byte. */
function replace(folder: string, name: string, content: string): void {
  const [path, fresh] = [join(folder, name), join(folder, `${name}.new`)]
  orUnavailable(path, () => {
    const file = openSync(fresh, 'w', 0o600)
    try {
      writeSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    chmodSync(fresh, 0o600)
    renameSync(fresh, path)
  })
}

function orUnavailable(path: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new KithError(
      'storage-unavailable',
      `${path} cannot be written: ${why}. Give it to the hub's user.`,
      {},
      cause,
    )
  }
}
