import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeGrant, decodeMembershipBody, type Level, type Rank, rankNumbers } from '@kith/core/membership'
import { short } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

export const levelsOf: Readonly<Record<Level, number>> = { read: 0, write: 1, admin: 2 }

export const dueTo = (rank: Rank): Level => (rank === 'reader' ? 'read' : rank === 'writer' ? 'write' : 'admin')

const mayGive = (giver: Rank, rank: Rank): boolean =>
  rankNumbers[giver] >= rankNumbers.owner
    ? rankNumbers[rank] <= rankNumbers.owner
    : giver === 'admin' && rankNumbers[rank] <= rankNumbers.writer

export const rankOfAuthor = (scene: Scene, { header }: Change, depth: number): Rank | undefined => {
  const [first] = scene.actors
  if (first && equalBytes(header.device, first.person.recovery.signing)) return 'recovery'
  const right = justify(scene, header.grant, depth + 1)
  const owner = scene.actors.find(({ device }) => equalBytes(device, header.device))?.person.id
  return right && owner && equalBytes(owner, right.person) ? right.rank : undefined
}

/** What a grant gives to whom, if everybody on the way up to the genesis might give it; by the bodies alone. */
const justify = (scene: Scene, grant: Uint8Array, depth: number): { rank: Rank; person: Uint8Array } | undefined => {
  if (equalBytes(grant, scene.space)) return { rank: 'owner', person: (scene.actors[0] as Actor).person.id }
  const change = scene.byKey.get(toHex(grant))
  if (!change?.body || depth > 50) return undefined
  const decoded = decodeMembershipBody(change.header.kind, change.body)
  if (decoded.kind === 'join') {
    const invite = scene.byKey.get(toHex(change.header.grant))
    if (!invite?.body || invite.header.kind !== kinds.grant) return undefined
    const body = decodeGrant(invite.body)
    const giver = rankOfAuthor(scene, invite, depth)
    return body.type === 'invite' && giver && mayGive(giver, body.rank)
      ? { rank: body.rank, person: decoded.body.person }
      : undefined
  }
  const giver = rankOfAuthor(scene, change, depth)
  if (giver === undefined) return undefined
  if (decoded.kind === 'grant' && decoded.body.type === 'person')
    return mayGive(giver, decoded.body.rank) ? { rank: decoded.body.rank, person: decoded.body.person } : undefined
  const lower = decoded.kind === 'removal' ? decoded.body.replacement : undefined
  const isStepDown = lower !== undefined && rankNumbers[lower.rank] < rankNumbers[giver]
  return lower && (mayGive(giver, lower.rank) || isStepDown) ? { rank: lower.rank, person: lower.person } : undefined
}

/** Everybody's rank leads back to the genesis by grants of those who may give it. */
export const checkRanks = (scene: Scene, { name, membership }: Pick<Actor, 'name' | 'membership'>): void => {
  for (const member of membership.members()) {
    for (const grant of member.grants) {
      const given = justify(scene, grant, 0)
      if (
        !given ||
        (equalBytes(grant, member.grant) && rankNumbers[given.rank] !== rankNumbers[member.rank]) ||
        !equalBytes(given.person, member.person)
      )
        scene.violate(
          'no rank without a grant',
          `${name}: ${short(member.person)} is ${member.rank} by ${short(grant)}: ${JSON.stringify(given?.rank)}`,
        )
    }
  }
  for (const { hash, rank } of membership.invites()) {
    const found = scene.byKey.get(toHex(hash))
    const giver = found && rankOfAuthor(scene, found, 0)
    if (!giver || !mayGive(giver, rank))
      scene.violate('no rank without a grant', `${name}: invite ${short(hash)} for ${rank} by ${giver}`)
  }
}
