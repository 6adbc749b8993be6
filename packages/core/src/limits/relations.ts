/** What must hold between limits, checked whenever they are loaded: a number changed alone fails here, not at a user's. */
import { assert, cborDepthMax } from '../bytes/index.ts'
import { bodyBytesMax, changeOpsMax, cutHeadsMax, depsHeadsMax, segmentBytesMax, shortTextBytesMax } from './change.ts'
import { clockAheadMsMax, clockCorrectionMsMax } from './clock.ts'
import {
  cardCharsMax,
  cardHubsMax,
  cardUrlCharsMax,
  contactNameBytesMax,
  knockBytesMax,
  letterLinkCharsMax,
  lineageBytesMax,
  noticeBytesMax,
} from './contacts.ts'
import { entryBytesMax, entryBytesMin, entryFillBytes, entryUnpackedBytesMax, unpackRatioMax } from './entry.ts'
import {
  epochItemsMax,
  linkCharsMax,
  linkHubsMax,
  linkUrlCharsMax,
  personTagsMax,
  sealedSecretBytesMax,
} from './membership.ts'
import {
  appIdBytesMax,
  indexColumnsMax,
  nameBytesMax,
  ruleDepthMax,
  schemaRecordBytesMax,
  tableColumnsMax,
} from './schema.ts'
import { textClockMax, textOpBytesMax, textRunUnitsMax } from './text.ts'
import { textValueBytesMax } from './value.ts'
import { channelPieceBytesMax, frameBytesMax } from './wire.ts'

const kibibyte = 1024
const headBytes = 34

assert(bodyBytesMax + 64 * kibibyte <= entryBytesMax, 'the largest change must fit an entry uncompressed')
assert((2 * depsHeadsMax + 4) * headBytes < 32 * kibibyte, 'a content header must fit the room that a body leaves')
assert(cutHeadsMax * headBytes < bodyBytesMax, 'the largest cut must fit a body')
assert(cutHeadsMax >= depsHeadsMax, 'a merge names more heads than a change')
assert(changeOpsMax === 2 ** 16, 'an op index is two bytes of its id')
assert(textValueBytesMax < bodyBytesMax, 'the largest value must fit a change')
assert(schemaRecordBytesMax < bodyBytesMax, 'the largest schema record must fit a change')
assert(tableColumnsMax <= 2 ** 16, 'a column index is at most two bytes')
assert(indexColumnsMax <= tableColumnsMax, 'an index is of columns of its table')
assert(ruleDepthMax + 5 <= cborDepthMax, 'the deepest rule must fit what CBOR is read to')
assert(nameBytesMax <= shortTextBytesMax && appIdBytesMax <= shortTextBytesMax, 'a name is a short text')
assert(textOpBytesMax < bodyBytesMax, 'the largest text op must fit a change')
assert(3 * textRunUnitsMax < textOpBytesMax, 'a typed run must fit an op, at 3 bytes a unit')
assert(2 * textClockMax < Number.MAX_SAFE_INTEGER, 'the sum of a clock and a length must be exact')
assert(personTagsMax * headBytes < bodyBytesMax, 'all tags of a device must fit its admission')
assert(epochItemsMax * 2 * headBytes < bodyBytesMax, 'the longest list of an epoch must fit a body with short secrets')
assert(sealedSecretBytesMax < bodyBytesMax, 'a sealed secret must fit a body')
assert((linkHubsMax * (linkUrlCharsMax + 64) + 256) * (4 / 3) < linkCharsMax, 'a link with the most hubs must be read')
assert(segmentBytesMax <= entryUnpackedBytesMax, 'the largest segment must fit an entry')
assert(entryFillBytes + bodyBytesMax < segmentBytesMax, 'a segment that is nearly full takes one more change')
assert(entryUnpackedBytesMax < entryBytesMax * unpackRatioMax, 'the largest entry must reach the unpacked limit')
assert(entryBytesMin < entryBytesMax, 'entries have a range of sizes')
assert(channelPieceBytesMax < frameBytesMax, 'a piece of a channel is a message that every end takes')
assert(clockCorrectionMsMax < clockAheadMsMax, 'a clock is corrected before its changes would have to wait')
assert(entryBytesMin <= noticeBytesMax, 'a notice is an entry')
assert(letterLinkCharsMax >= linkCharsMax, 'a letter carries the longest link')
assert(lineageBytesMax < knockBytesMax, 'a knock shows whose device its sender is')
assert(
  (lineageBytesMax + 128) * (4 / 3) < cardCharsMax &&
    (cardHubsMax * (cardUrlCharsMax + 40) + contactNameBytesMax + 600) * (4 / 3) < cardCharsMax,
  'a card with the longest lineage, or with the most hubs, must be read',
)
