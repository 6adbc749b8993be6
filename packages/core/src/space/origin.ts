import { type CborValue, toHex } from '../bytes/index.ts'
import type { CompiledTable, History, RowOrigin, Statements } from '../database/index.ts'
import type { Registry } from '../database/index.ts'
import type { Membership } from '../membership/index.ts'

export type OriginInput = {
  readonly statements: Statements
  readonly registry: Registry
  readonly history: History
  readonly membership: Membership
  readonly space: number
}

/** Looks up what a row's insert settled: who made it, and its fixed columns. */
export const findOrigin = ({
  statements,
  history,
  membership,
  space,
}: OriginInput): ((table: CompiledTable, row: Uint8Array) => RowOrigin | undefined) => {
  const addresses = new Map<string, Uint8Array>()

  const addressOf = (device: Uint8Array): Uint8Array | undefined => {
    const key = toHex(device)
    const known = addresses.get(key)
    if (known) return known
    for (const member of membership.members()) {
      for (const { device: admitted } of member.devices) addresses.set(toHex(admitted), member.address)
    }
    return addresses.get(key)
  }

  return (table, row) => {
    const found = statements(`SELECT * FROM ${table.physical} WHERE "$space" = ? AND id = ?`).get(space, row)
    if (!found) return undefined
    const fixed = (index: number): CborValue | undefined => {
      const column = table.columns[index]
      if (!column?.isFixed || column.kind === undefined) return undefined
      const value = found[column.physical.slice(1, -1)] as CborValue
      return column.kind === 'bool' && value !== null ? value !== 0 : value
    }
    if (table.isKeyed) {
      return { author: table.personKey === undefined ? undefined : (fixed(table.personKey) as Uint8Array), fixed }
    }
    return { author: addressOf(history.chainOf(found.$change as number).device), fixed }
  }
}
