import { compareBytes, isList, KithError } from '../../bytes/index.ts'
import { checkEd25519PublicKey, checkX25519PublicKey } from '../../crypto/verify/index.ts'
import { numberToLevel, numberToRank, type Level, type Rank } from '../rank.ts'

/** Readers of single fields from outside; each throws 'bad-encoding' with the field's name. */

export function toBytes(value: unknown, length: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw badField(name)
  return value
}

/** An Ed25519 public key that verification accepts; throws 'bad-key' for others. */
export function toSigningKey(value: unknown, name: string): Uint8Array {
  return checkEd25519PublicKey(toBytes(value, 32, name))
}

/** An X25519 public key that boxes can be sealed to; a bad one here would keep everybody from starting an epoch. */
export function toSealingKey(value: unknown, name: string): Uint8Array {
  return checkX25519PublicKey(toBytes(value, 32, name))
}

export function toBytesOrEmpty(value: unknown, length: number, name: string): Uint8Array | undefined {
  if (value instanceof Uint8Array && value.length === 0) return undefined
  return toBytes(value, length, name)
}

export function toBytesUpTo(value: unknown, lengthMax: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > lengthMax) throw badField(name)
  return value
}

export function toList(value: unknown, lengthMax: number, name: string): readonly unknown[] {
  if (!isList(value) || value.length > lengthMax) throw badField(name)
  return value
}

export function toTuple(value: unknown, length: number, name: string): readonly unknown[] {
  if (!isList(value) || value.length !== length) throw badField(name)
  return value
}

export function toText(value: unknown, lengthMax: number, name: string): string {
  if (typeof value !== 'string' || value.length > lengthMax) throw badField(name)
  return value
}

export function toCountOrNull(value: unknown, name: string): number | null {
  if (value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw badField(name)
  return value
}

export function toRank(value: unknown, name: string): Rank {
  const rank = numberToRank(value)
  if (rank === undefined) throw badField(name)
  return rank
}

export function toLevel(value: unknown, name: string): Level {
  const level = numberToLevel(value)
  if (level === undefined) throw badField(name)
  return level
}

/** Refuses a list whose keys are not strictly ascending, so that one content has one encoding. */
export function checkAscending(keys: readonly Uint8Array[], name: string): void {
  for (let at = 1; at < keys.length; at++) {
    if (compareBytes(keys[at - 1] as Uint8Array, keys[at] as Uint8Array) >= 0) throw badField(`${name} not ascending`)
  }
}

export function badField(name: string): KithError {
  return new KithError('bad-encoding', `The body of a membership change is malformed (${name}).`)
}
