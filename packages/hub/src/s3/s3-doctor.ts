/** Whether the bucket can be read by the key that was given. Changes nothing; names neither the service nor the key. */
import { KithError } from '@kith/core/bytes'
import { nodeClock } from '../node-clock.ts'
import type { SharedFinding } from '../cluster/shared-doctor.ts'
import { toS3Problem } from './failure.ts'
import { checkS3, type S3Options } from './options.ts'
import { createS3Requests } from './requests.ts'
import { readMark, toMark } from './s3-entries.ts'

/** `hubKey`: of the hub that answers, if one does. @throws KithError `bad-value`. */
export async function examineS3(options: S3Options, hubKey: Uint8Array | undefined): Promise<SharedFinding> {
  checkS3(options)
  const requests = await createS3Requests(options, nodeClock)
  try {
    const mark = await readMark(requests)
    if (mark !== undefined && hubKey !== undefined && mark !== toMark(hubKey))
      return {
        isGood: false,
        text: 'S3: the bucket has another hub’s entries under this prefix: say another --s3-prefix',
      }
    const whose = mark === undefined ? ', and has nothing of this hub yet' : ''
    return { isGood: true, text: `S3 answers${whose}` }
  } catch (cause) {
    if (cause instanceof KithError) return { isGood: false, text: cause.message }
    return { isGood: false, text: `S3: ${toS3Problem(cause).text}. Large entries cannot be had until it does` }
  }
}
