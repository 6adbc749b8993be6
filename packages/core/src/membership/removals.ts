import { equalBytes, toHex } from '../bytes/index.ts'
import { sortHeads } from '../change/index.ts'
import { admissionsToDevices, byHash, type Facts } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { CutOwed, Membership } from './interface.ts'
import { isRankAtLeast } from './rank.ts'
import type { Standing } from './standing.ts'
import type { Views } from './view.ts'

export type RemovalsOptions = {
  readonly graph: Graph
  readonly facts: Facts
  readonly standing: Standing
  readonly views: Views
  readonly space: Uint8Array
}

/** What whoever writes a removal, a device cut or the closing of an invite puts into it. */
export function createRemovals(
  options: RemovalsOptions,
): Pick<Membership, 'rightsOf' | 'chainHeads' | 'cutsOwed' | 'joinsOf'> {
  const { graph, facts, standing, views, space } = options
  const isHere = ({ change }: Node): boolean => equalBytes(change.header.space, space) || equalBytes(change.hash, space)

  return {
    rightsOf: (person) => {
      const { members, invites } = views.of()
      const rights = members.get(toHex(person))
      const isAdmin = rights !== undefined && isRankAtLeast(rights.best.rank, 'admin')
      const concerns = (node: Node): boolean => {
        const author = facts.authorOf(node)
        const isMaker = author !== undefined && equalBytes(author.person.id, person)
        const hasUsed = facts.joins(node).some((join) => {
          const right = facts.right(join)
          return right !== undefined && equalBytes(right.person, person)
        })
        // Links are kept for others under the admin secret.
        return isAdmin || isMaker || hasUsed
      }
      return {
        grants: sortHeads((rights?.all ?? []).map(({ grant }) => grant.change.hash)),
        invites: sortHeads([...invites.values()].flatMap(({ node }) => (concerns(node) ? [node.change.hash] : []))),
      }
    },
    chainHeads: (devices) => {
      const wanted = new Set(devices.map(toHex))
      const own = facts
        .all()
        .filter((node) => wanted.has(toHex(node.change.header.device)) && isHere(node) && standing.stands(node))
        .sort((a, b) => b.change.header.seq - a.change.header.seq)
      // Every one of them has to be inside, also where something void lies between two in the chain.
      const covered = new Set<Node>()
      const found: Uint8Array[] = []
      for (const node of own) {
        if (covered.has(node)) continue
        found.push(node.change.hash)
        let at: Node | undefined = node
        while (at !== undefined && !covered.has(at) && standing.stands(at)) {
          covered.add(at)
          at = graph.find(at.change.header.prev)
        }
      }
      return sortHeads(found)
    },
    cutsOwed: (person) => {
      const done = new Set(
        facts.deviceCuts().map(({ content }) => (content.kind === 'deviceCut' ? toHex(content.body.revocation) : '')),
      )
      return facts
        .revocationsOf(person)
        .toSorted(byHash)
        .flatMap((node): CutOwed[] => {
          if (done.has(node.key) || node.content.kind !== 'removal') return []
          const admissions = node.content.body.grants.flatMap((hash) => graph.find(hash) ?? [])
          return [{ revocation: node.change.hash, devices: admissionsToDevices(admissions) }]
        })
    },
    joinsOf: (hash) => {
      const invite = graph.find(hash)
      const joins = invite === undefined ? [] : facts.joins(invite).filter((join) => standing.stands(join))
      return sortHeads(joins.map(({ change }) => change.hash))
    },
  }
}
