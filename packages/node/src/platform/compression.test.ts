import { test } from 'node:test'
import { compressionConformance } from '../../../core/src/ports/compression.conformance.ts'
import { createNodeCompression } from './compression.ts'

for (const { name, run } of compressionConformance) test(name, () => run(createNodeCompression()))
