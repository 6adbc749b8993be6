import { KithError } from '@kith/core/bytes'

export type AcmeOptions = {
  /** The one DNS name that the certificate is for. */
  readonly name: string
  /** Holds the account's key, the certificate and its key; made if it is not there. */
  readonly folder: string
  /** The operator agrees to the terms of service of the authority; without, nothing is asked of it. */
  readonly agreesToTerms: boolean
  /** For the authority to write to. Let's Encrypt no longer does. */
  readonly email?: string | undefined
  /** 'production' and 'staging' are Let's Encrypt's; otherwise the URL of an authority's directory. */
  readonly directory?: string | undefined
  /** PEM file of the root of a private authority's own address. */
  readonly directoryRoots?: string | undefined
}

const letsEncrypt: Readonly<Record<string, string>> = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
}

export const letsEncryptTerms = 'https://letsencrypt.org/repository/'

/** Of the labels of a name: RFC 1123. An authority for everybody gives none for an address or a name of one label. */
const namePattern = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

/** @throws KithError `bad-value` for what no authority could give a certificate for. */
export function checkAcme({ name, directory, agreesToTerms }: AcmeOptions): void {
  if (!namePattern.test(name) || /^[\d.]+$/.test(name))
    throw new KithError('bad-value', `"${name}" is no name that a certificate can be for: write hub.example.org.`)
  const url = directoryUrl(directory)
  if (URL.parse(url)?.protocol !== 'https:')
    throw new KithError('bad-value', `"${directory}" is no directory: say production, staging, or an https:// address.`)
  if (!agreesToTerms)
    throw new KithError(
      'bad-value',
      `A certificate wants your agreement to the authority's terms (Let's Encrypt: ${letsEncryptTerms}): say --acme-terms agreed.`,
    )
}

export function directoryUrl(directory = 'production'): string {
  return letsEncrypt[directory] ?? directory
}
