import { toHex } from '../bytes/index.ts'
import { admissionsToDevices, type Cut, type Facts } from './facts.ts'
import type { Node } from './graph.ts'
import { nodeToDevice } from './person.ts'
import type { Standing } from './standing.ts'

/** Whose content has to be judged again after membership changes came. */
export type Shaken = { readonly by: (came: readonly Node[]) => Uint8Array[] }

export function createShaken({ facts, standing }: { readonly facts: Facts; readonly standing: Standing }): Shaken {
  const stood = new Map<Node, boolean>()
  const limits = new Map<Cut, string>()

  const devicesOf = (warrant: Node): Uint8Array[] => {
    const admitted = nodeToDevice(warrant)
    if (admitted !== undefined) return [admitted.device]
    const right = facts.right(warrant)
    return right === undefined ? [] : admissionsToDevices(facts.admissionsOf(right.person))
  }
  const everybody = (): Uint8Array[] => admissionsToDevices(facts.admissions())

  const look = (node: Node): boolean => {
    const now = standing.stands(node)
    const before = stood.get(node)
    stood.set(node, now)
    return before !== undefined && before !== now
  }

  return {
    by: (came) => {
      const found: Uint8Array[] = []
      const withdrawsRights = came.some(({ content }) => content.kind === 'schema' && content.body.cut !== undefined)
      if (withdrawsRights) found.push(...everybody())
      // Without a cut among them nothing that stood has fallen.
      if (!came.some(({ content }) => content.kind === 'removal' || content.kind === 'deviceCut')) {
        for (const node of came) if (isLookedAt(node)) stood.set(node, standing.stands(node))
        return unique(found)
      }
      for (const { grant } of facts.rights()) if (look(grant)) found.push(...devicesOf(grant))
      for (const admission of facts.admissions()) if (look(admission)) found.push(...devicesOf(admission))
      let isSchemaShaken = false
      for (const schema of facts.schemas()) isSchemaShaken = look(schema) || isSchemaShaken
      if (isSchemaShaken) found.push(...everybody())
      for (const cut of facts.cuts()) {
        const now = standing.limitsOf(cut)
        if (limits.get(cut) !== now) found.push(...cut.targets.flatMap(devicesOf))
        limits.set(cut, now)
      }
      return unique(found)
    },
  }
}

function isLookedAt({ content }: Node): boolean {
  return ['genesis', 'grant', 'join', 'admission', 'schema'].includes(content.kind)
}

function unique(devices: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(devices.map((device) => [toHex(device), device])).values()]
}
