/** Why a change is held back: a code for programs, a message for people. */
export type HeldBack = { readonly code: HeldBackCode; readonly message: string }

export const heldBackCodes = {
  malformed: 'It is not what a change of its kind must be.',
  'other-space': 'It belongs to another space.',
  'not-member': 'Its author was not a member of the space when it was made.',
  removed: 'Its author had been removed, and knew it.',
  'device-revoked': 'Its device had been revoked, and knew it.',
  'outside-cut': 'It is not among what was accepted of its author when the author was removed.',
  'outside-device-cut': 'It is not among what was accepted of its device when the device was revoked.',
  'rests-on-void': 'It rests on a right that came from somebody who had lost the right to give it.',
  'rank-too-low': 'Its author did not have the rank that it needs.',
  'bad-join': 'It joins by a link that it does not hold.',
  'invite-used': 'The link had been used as often as it allows.',
  'invite-expired': 'The link had expired.',
  'person-unknown': 'It names a person whose keys are not part of what its author knew.',
  'bad-epoch': 'It is made under keys that are not those of a valid epoch.',
  'unclean-epoch': 'It is made under keys that somebody has who should not: whom its author knew to be out.',
  'epoch-not-owed': 'Its author had no reason to start new keys.',
  'bad-share': 'It hands out keys to somebody whom they are not due.',
  'bad-schema': 'It is made under rules that were never validly published.',
  'old-schema': 'Its author had seen newer rules and used older ones.',
  'invite-ended': 'The link had been closed.',
  'not-broken': 'Its author was never given the keys that it calls broken.',
  'bad-keys': 'It gives keys that are not for its device to give.',
  'unknown-kind': 'It is of a kind that only an admin may introduce.',
} as const

export type HeldBackCode = keyof typeof heldBackCodes

export function heldBack(code: HeldBackCode, detail?: string): HeldBack {
  return { code, message: detail === undefined ? heldBackCodes[code] : `${heldBackCodes[code]} ${detail}` }
}
