import { bytes } from './bytes.ts'
import { change } from './change.ts'
import { contacts } from './contacts.ts'
import { entries } from './entries.ts'
import { membership } from './membership.ts'
import { presence } from './presence.ts'
import type { Section } from './section.ts'

export const sections: readonly Section[] = [bytes, entries, change, membership, contacts, presence]
