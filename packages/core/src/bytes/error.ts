/**
 * The one error class for failures that a caller can expect and handle. `code` is stable; the message says what happened
 * and what to do. Broken invariants are assertions (`assert`) instead.
 */
export class KithError extends Error {
  override readonly name = 'KithError'
  readonly code: ErrorCode
  /** Small, loggable facts for programs: never secrets, never content. */
  readonly details: Readonly<Record<string, string | number | boolean>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Record<string, string | number | boolean> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** Throws when an invariant of our own is broken: a defect in Kith, never a consequence of bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Kith defect: ${message}. Please report it.`)
}

/** Every code, with what a person should do about it: the registry that the documents are made from. */
export const errorCodes = {
  'bad-encoding': 'Bytes are not what the protocol says. The sender is damaged or hostile; nothing was changed.',
  'too-large': 'A size passes a limit. Split it, or see docs/protocol/limits.md.',
  'bad-key': 'A key is malformed or of low order. Do not use it.',
  'bad-signature': 'A signature does not match. Nothing was accepted.',
  'cannot-open': 'A sealed entry cannot be opened with the keys that are here.',
  'channel-broken':
    'Whoever carries the connection altered, dropped or repeated something, or poses as the hub. Nothing was accepted. Use another carrier.',
  'no-carrier': 'No hub of `isolation.through` can carry: the only one is the hub itself. Name another.',
  'hub-key-needed':
    'A hub is reached through another by its key. Name it in `isolation.hubKeys`; `kith hub` prints it.',
  'bad-link': 'The link is not whole. Ask for it again and copy all of it.',
  'bad-card': 'The contact card is not whole. Ask for it again and copy all of it.',
  'bad-phrase':
    'The words are not the recovery phrase. The message says which word is wrong, or that they do not fit together.',
  'bad-part':
    'The parts do not make a phrase: the message says which one is wrong, doubled or of another set, and how many are still needed.',
  'bad-device-code':
    'The code is not one of a device that waits. Look for a slip, or make a fresh code: each is good for ten minutes.',
  'device-not-linked':
    'The devices were not linked: one side ended it, or what they showed differed. Begin again with a fresh code.',
  'unknown-device': 'No device of yours has that id.',
  'link-expired': 'The invite has expired or is used up. Ask for a fresh one.',
  'app-too-old':
    'The space asks for a newer version of the app: it can be read, not written. Update the app; nothing is lost.',
  'lens-failed':
    'A lens of the app failed. The message names table, columns and row; other rows are not concerned. Mend the lens.',
  'validator-failed': 'A validator of the app threw something. The message names table and column. Mend the validator.',
  'wrong-app': 'The link or space belongs to another app. Open it in that app.',
  'bad-value': 'A value does not fit its column. Correct the value.',
  'bad-schema': 'The schema is not usable. The message names table and column.',
  'schema-mismatch':
    'The space was published with a schema that this code would lose data of. Add what the message names.',
  'not-allowed': 'The rules of the space do not let you do this.',
  untimely: 'The time of a letter is too far from now to tell whether it came before. It was refused.',
  'rank-too-low': 'Your rank in the space does not allow this. Ask a member of the rank that the message names.',
  'not-a-member':
    'You can read the space because it is public, and are no member of it. Ask an admin for a link to join.',
  'unknown-member': 'Nobody with that address is a member of the space.',
  'last-owner': 'The space would be left without an owner. Make somebody else owner first.',
  'not-found': 'There is no such row, space or column here.',
  'dangling-reference': 'A reference names a row that is not here. Insert that row first.',
  'transaction-conflict': 'Rows that the transaction read kept changing. Try again later.',
  'storage-full': 'The disk is full. Free space; nothing that was acknowledged is lost.',
  'storage-damaged': 'The database file is damaged. Restore a copy or join again; the file was not changed.',
  'storage-locked':
    'The keys in the database are locked by a key that this device has lost. Link it again, or recover by the phrase.',
  'storage-lost':
    'The browser has dropped what this site kept. Erase the store; then link the device again, recover by the phrase, or begin anew.',
  'storage-newer': 'The database was written by a newer version of Kith. Update this program.',
  'storage-unavailable': 'The database file cannot be opened. Check that its folder exists and may be written.',
  'storage-busy': 'Another process has this database open. Close it first.',
  'certificate-refused':
    'The authority gave the hub no certificate. The message says why, and what to change; the hub tries again by itself.',
  'host-unavailable': 'The address cannot be listened on: this machine does not have it. Choose another.',
  'port-unavailable': 'The port cannot be listened on. Choose another, or stop what uses it.',
  'hub-unreachable': 'No hub could be reached. Work goes on offline and syncs later.',
  'hub-refused': 'The hub refused the request. The details say why.',
  'invite-needed':
    'The hub keeps new logs for its members only. Ask its operator for an invite, or use another hub; nothing is lost.',
  'bad-hub-invite': 'The invite of a hub is not whole, was used, or is over. Ask its operator for another.',
  'tokens-used-up':
    'What the hub gives a member for a period is used up. Entries wait here until more comes; nothing is lost.',
  'hub-lied': 'The hub sent what it cannot have been given (wrong hash). The entry was refused.',
  'protocol-version': 'The other side speaks another version of the protocol. Update the older one.',
  'insecure-url': 'A plain ws:// hub is only accepted on this machine. Use wss://.',
  closed: 'This was closed already.',
  interrupted:
    'The tab that did the work was closed before it answered. Look whether it was done before you do it again.',
  'not-supported': 'This version of Kith does not do this yet.',
} as const

export type ErrorCode = keyof typeof errorCodes
