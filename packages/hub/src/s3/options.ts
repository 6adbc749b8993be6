import { KithError } from '@kith/core/bytes'

/** A bucket for large entries, at any service that speaks S3. */
export type S3Options = {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://10.0.0.7:9000`: without the bucket, which is named in the path. */
  readonly endpoint: string
  readonly bucket: string
  /** What the service calls its region; `us-east-1` where it has none. */
  readonly region: string
  /** Before each object's name; empty, or ends with `/`. Hubs that share a bucket have different ones. */
  readonly prefix: string
  /** Access key id and secret. Never logged, nor in any message. */
  readonly keyId: string
  readonly secret: string
}

export const defaultS3 = { region: 'us-east-1', prefix: 'kith/' }

/** @throws KithError `bad-value`, without what was given where that is secret. */
export function checkS3(options: S3Options): void {
  const refuse = (what: string): never => {
    throw new KithError('bad-value', what)
  }
  const { endpoint, bucket, region, prefix, keyId, secret } = options
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    refuse('The S3 endpoint is an address such as https://s3.example.org, without a user.')
  else if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    refuse('The S3 endpoint has nothing after its host and port: the bucket is a setting of its own.')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket)) refuse('That is no name of an S3 bucket.')
  if (!/^[A-Za-z0-9-]{1,64}$/.test(region)) refuse('That is no name of an S3 region.')
  if (prefix.length > 200 || !/^(?:[A-Za-z0-9_-]+\/)*$/.test(prefix))
    refuse('The S3 prefix is words of letters, digits, - and _, each with / behind it: kith/.')
  for (const [name, value] of [
    ['access key id', keyId],
    ['secret', secret],
  ] as const)
    if (!/^[\x21-\x7e]{1,256}$/.test(value)) refuse(`The S3 ${name} is missing, or has characters that none has.`)
}
