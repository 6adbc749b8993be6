import type { SetElement } from '../schema/index.ts'

/**
 * What a change has written so far that its own later ops have to name: a removal from a set names the additions that it has
 * seen and a restore the deletes, and those of the same change lie in no table yet.
 */
export type Recorded = {
  readonly added: (cell: string, elements: readonly SetElement[], opId: Uint8Array) => void
  /** Ids of this change's additions of an element. */
  readonly additionsOf: (cell: string, element: SetElement) => readonly Uint8Array[]
  readonly deleted: (row: string, opId: Uint8Array) => void
  readonly deletesOf: (row: string) => readonly Uint8Array[]
}

export const createRecorded = (): Recorded => {
  const additions = new Map<string, Map<SetElement, Uint8Array[]>>()
  const deletes = new Map<string, Uint8Array[]>()
  return {
    added: (cell, elements, opId) => {
      if (elements.length === 0) return
      let known = additions.get(cell)
      if (!known) additions.set(cell, (known = new Map<SetElement, Uint8Array[]>()))
      for (const element of elements) known.set(element, [...(known.get(element) ?? []), opId])
    },
    additionsOf: (cell, element) => additions.get(cell)?.get(element) ?? none,
    deleted: (row, opId) => deletes.set(row, [...(deletes.get(row) ?? []), opId]),
    deletesOf: (row) => deletes.get(row) ?? none,
  }
}

const none: readonly Uint8Array[] = []
