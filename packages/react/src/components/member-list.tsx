import type { App, Member, Space } from '@kith/core'
import { type ReactNode, useState } from 'react'
import { useCan } from '../can.ts'
import { useKith } from '../provider.ts'
import { useMembers } from '../use-people.ts'

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
    action().catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
  }
  const remove = (member: Member): void => {
    const name = member.name || 'this member'
    if (globalThis.confirm(`Remove ${name}? What is written from now on cannot be read by ${name}.`))
      run(() => space.remove(member.address))
  }
  return (
    <div data-kith="members">
      <ul>
        {members.map((member) => (
          <li key={member.address} data-rank={member.rank}>
            <span data-kith="name">
              {member.name || `${member.address.slice(0, 8)}…`}
              {member.address === address ? ' (you)' : ''}
            </span>
            {can('manage', member) && member.address !== address ? (
              <>
                <select
                  value={member.role}
                  aria-label={`Role of ${member.name}`}
                  onChange={(event) => {
                    const role = event.currentTarget.value
                    run(() => space.setRole(member.address, role))
                  }}
                >
                  {[...new Set([...roles, member.role])].map((role) => (
                    <option key={role}>{role}</option>
                  ))}
                </select>
                <button type="button" onClick={() => remove(member)}>
                  Remove
                </button>
              </>
            ) : (
              <span data-kith="role">{member.role}</span>
            )}
            {member.address === address && member.rank !== 'owner' ? (
              <button type="button" onClick={() => run(() => space.leave())}>
                Leave
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </div>
  )
}
