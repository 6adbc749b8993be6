import { test } from 'node:test'
import { cryptoConformance } from '../../../core/src/ports/crypto.conformance.ts'
import { testWycheproof } from '../../../../vectors/wycheproof/run.ts'
import { loadSodiumFile } from '../testing/sodium-file.ts'
import { createBrowserCrypto } from './crypto.ts'

const createCrypto = () => createBrowserCrypto(() => loadSodiumFile())
const crypto = await createCrypto()
for (const { name, run } of cryptoConformance) test(name, () => run(crypto))
testWycheproof(createCrypto)
