import type { App, Member, RemovalPreview, Space } from '@kith/core'
import { type ReactNode, useState } from 'react'
import { useCan } from '../can.ts'
import { useKith } from '../provider.ts'
import { useMembers } from '../use-people.ts'
import { ConfirmButton } from './confirm-button.tsx'
import { messageOf } from './message-of.ts'

export type MemberListProps<A extends App> = {
  readonly space: Space<A>
  /** Roles to choose from; those that every app has unless given. */
  readonly roles?: readonly string[]
}

/** Who is in a space and as what. Who may, changes roles and removes members; everybody but an owner may leave. */
export const MemberList = <A extends App>({
  space,
  roles = ['reader', 'writer', 'admin'],
}: MemberListProps<A>): ReactNode => {
  const { address } = useKith()
  const members = useMembers(space)
  const can = useCan(space)
  const [problem, setProblem] = useState<string>()
  const run = (action: () => Promise<unknown>): void => {
    setProblem(undefined)
    action().catch((error: unknown) => setProblem(messageOf(error)))
  }
  return (
    <div data-kith="members">
      <ul>
        {members.map((member) => (
          <li key={member.address} data-rank={member.rank}>
            <span data-kith="name">
              {nameOf(member)}
              {member.address === address ? ' (you)' : ''}
            </span>
            {can('manage', member) && member.address !== address ? (
              <>
                <select
                  value={member.role}
                  aria-label={`Role of ${nameOf(member)}`}
                  onChange={(event) => {
                    const role = event.currentTarget.value
                    run(() => space.setRole(member.address, role))
                  }}
                >
                  {[...new Set([...roles, member.role])].map((role) => (
                    <option key={role}>{role}</option>
                  ))}
                </select>
                <ConfirmButton
                  question={async () => describeRemoval(member, await space.previewRemoval(member.address))}
                  yes={`Remove ${nameOf(member)}`}
                  run={async () => space.remove(member.address)}
                >
                  Remove
                </ConfirmButton>
              </>
            ) : (
              <span data-kith="role">{member.role}</span>
            )}
            {member.address === address && member.rank !== 'owner' ? (
              <ConfirmButton
                question={() => 'You will read and write nothing more here. What you wrote stays.'}
                yes="Leave for good"
                run={async () => space.leave()}
              >
                Leave
              </ConfirmButton>
            ) : null}
          </li>
        ))}
      </ul>
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </div>
  )
}

const nameOf = ({ name, address }: Member): string => name || `${address.slice(0, 8)}…`

/** What a removal does, before it is done. */
const describeRemoval = (member: Member, { members, closedInvites }: RemovalPreview): string => {
  const others = members.map(({ name, address }) => name || `${address.slice(0, 8)}…`)
  return [
    `What is written from now on cannot be read by ${nameOf(member)}. What ${nameOf(member)} wrote so far stays.`,
    ...(others.length > 0 ? [`${others.join(', ')} came by this member and will be out too.`] : []),
    ...(closedInvites.length > 0 ? [`Links that end: ${closedInvites.length}. Share fresh ones afterwards.`] : []),
  ].join(' ')
}
