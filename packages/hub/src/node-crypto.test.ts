import { test } from 'node:test'
import { channellingConformance, verifyingConformance } from '../../core/src/ports/crypto.conformance.ts'
import { nodeChannelling, nodeVerifying } from './node-crypto.ts'

for (const { name, run } of verifyingConformance) test(name, () => run(nodeVerifying))
for (const { name, run } of channellingConformance) test(name, () => run(nodeChannelling))
