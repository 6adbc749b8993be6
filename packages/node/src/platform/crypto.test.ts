import { test } from 'node:test'
import { cryptoConformance } from '../../../core/src/ports/crypto.conformance.ts'
import { testWycheproof } from '../../../../vectors/wycheproof/run.ts'
import { createNodeCrypto } from './crypto.ts'

const crypto = await createNodeCrypto()
for (const { name, run } of cryptoConformance) test(name, () => run(crypto))
testWycheproof(createNodeCrypto)
