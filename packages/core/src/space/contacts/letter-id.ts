import { fromBase32, KithError } from '../../bytes/index.ts'

/** The 16 bytes of a letter's id as apps see it. @throws KithError `not-found` for what is none. */
export const idToBytes = (text: string): Uint8Array => {
  try {
    return fromBase32(text)
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    throw new KithError('not-found', 'There is no such letter here.')
  }
}
