import type { Inspection } from './api.ts'
import type { InspectionInput } from './inspection.ts'

/** What `kith.inspect` does, loaded by who first asks: most apps never do. */
export const createInspection = (input: InspectionInput): Inspection => {
  let inspection: Inspection | undefined
  const lazily = <Method extends keyof Inspection>(method: Method): Inspection[Method] => {
    const ask = async (...parameters: never[]): Promise<unknown> => {
      const { createInspection: create } = await import('./inspection.ts')
      inspection ??= create(input)
      return (inspection[method] as (...parameters: never[]) => Promise<unknown>)(...parameters)
    }
    return ask as Inspection[Method]
  }
  return {
    spaces: lazily('spaces'),
    members: lazily('members'),
    epochs: lazily('epochs'),
    log: lazily('log'),
    heldBack: lazily('heldBack'),
    hubs: lazily('hubs'),
    storage: lazily('storage'),
    row: lazily('row'),
  }
}
