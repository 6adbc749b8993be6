import { bytes } from './bytes.ts'
import { entries } from './entries.ts'
import type { Section } from './section.ts'

export const sections: readonly Section[] = [bytes, entries]
