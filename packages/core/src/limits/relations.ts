/** What must hold between limits, checked whenever they are loaded: a number changed alone fails here, not at a user's. */
import { assert } from '../bytes/index.ts'
import { bodyBytesMax, changeOpsMax, cutHeadsMax, depsHeadsMax, opColumnsMax, segmentBytesMax } from './change.ts'
import { clockAheadMsMax, clockCorrectionMsMax } from './clock.ts'
import { entryBytesMax, entryBytesMin, entryFillBytes, entryUnpackedBytesMax, unpackRatioMax } from './entry.ts'
import { schemaRecordBytesMax, tableColumnsMax, textValueBytesMax } from './value.ts'

const kibibyte = 1024
const headBytes = 34

assert(bodyBytesMax + 64 * kibibyte <= entryBytesMax, 'the largest change must fit an entry uncompressed')
assert((2 * depsHeadsMax + 4) * headBytes < 32 * kibibyte, 'a content header must fit the room that a body leaves')
assert(cutHeadsMax * headBytes < bodyBytesMax, 'the largest cut must fit a body')
assert(cutHeadsMax >= depsHeadsMax, 'a merge names more heads than a change')
assert(changeOpsMax === 2 ** 16, 'an op index is two bytes of its id')
assert(opColumnsMax >= tableColumnsMax, 'one op can write every column of a table')
assert(textValueBytesMax < bodyBytesMax, 'the largest value must fit a change')
assert(schemaRecordBytesMax < bodyBytesMax, 'the largest schema record must fit a change')
assert(segmentBytesMax <= entryUnpackedBytesMax, 'the largest segment must fit an entry')
assert(entryFillBytes + bodyBytesMax < segmentBytesMax, 'a segment that is nearly full takes one more change')
assert(entryUnpackedBytesMax < entryBytesMax * unpackRatioMax, 'the largest entry must reach the unpacked limit')
assert(entryBytesMin < entryBytesMax, 'entries have a range of sizes')
assert(clockCorrectionMsMax < clockAheadMsMax, 'a clock is corrected before its changes would have to wait')
