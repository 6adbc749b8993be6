import { test } from 'node:test'
import { cryptoConformance } from '../../../core/src/ports/crypto.conformance.ts'
import { testWycheproof } from '../../../../vectors/wycheproof/run.ts'
import { createBrowserCrypto } from './crypto.ts'

const crypto = await createBrowserCrypto()
for (const { name, run } of cryptoConformance) test(name, () => run(crypto))
testWycheproof(createBrowserCrypto)
