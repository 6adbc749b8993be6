export type { Contact, Contacts, ReceivedLetter } from './api.ts'
export { type ContactParts, createContacts } from './contacts.ts'
