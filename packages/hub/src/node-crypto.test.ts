import { test } from 'node:test'
import { verifyingConformance } from '../../core/src/ports/crypto.conformance.ts'
import { nodeVerifying } from './node-crypto.ts'

for (const { name, run } of verifyingConformance) test(name, () => run(nodeVerifying))
