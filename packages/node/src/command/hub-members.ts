/** `kith hub invite`, `members` and `remove`: for hubs that are not open to all. A member is a number here; who it is, the operator knows. */
import { KithError } from '@kith/core/bytes'
import { type Invite, type MemberRow, openMembers } from '@kith/hub'
import { readOperatorFile } from './hub-serve.ts'
import type { HubSettings } from './hub-settings.ts'
import { type Output, UsageError } from './output.ts'

/** Prints an invite, once: the hub keeps a hash of it. */
export const inviteMember = async (settings: HubSettings, output: Output): Promise<void> => {
  const { n, secret } = (await atHub(settings, 'POST', 'invite', (members) => members.invite())) as Invite
  const url = settings.url ?? `ws://127.0.0.1:${settings.port}`
  output.print(`${url}#${secret}`)
  output.print(
    `This is invite ${n}, for one device, good for ${settings.access.inviteDays} days and shown only now. Send it as you would send a key.`,
  )
  if (settings.url === undefined) output.print('It names this machine: say --url wss://… for people elsewhere.')
  if (settings.access.access === 'open')
    output.print('The hub is open to all as long as --access is not invited or metered.')
}

export const listMembers = async (settings: HubSettings, output: Output): Promise<void> => {
  const rows = (await atHub(settings, 'GET', 'members', (members) => members.list())) as MemberRow[]
  if (rows.length === 0) output.print('There are no members and no invites: kith hub invite')
  for (const { n, isJoined, untilMs } of rows)
    output.print(`${n}\t${isJoined ? 'member' : `invite, good until ${new Date(untilMs).toISOString().slice(0, 10)}`}`)
}

/** Takes an invite or a membership back. */
export const removeMember = async (settings: HubSettings, number: string, output: Output): Promise<void> => {
  const n = Number(number)
  if (!/^[1-9]\d{0,14}$/.test(number)) throw new UsageError(`"${number}" is no number of a member: kith hub members`)
  const isGone = (await atHub(settings, 'POST', `remove?n=${n}`, (members) => members.remove(n))) as boolean
  if (!isGone) throw new KithError('not-found', `There is no member or invite ${n}: kith hub members`)
  output.print(`${n} is gone. Tokens that it has stay good until they end; nobody can tell which they are.`)
}

type Opened = Awaited<ReturnType<typeof openMembers>>['members']

/** At the running hub, on the operator's port; else in its file. */
const atHub = async (
  { storage, database, access }: HubSettings,
  method: 'GET' | 'POST',
  path: string,
  here: (members: Opened) => Promise<unknown>,
): Promise<unknown> => {
  // Members of a hub of many processes are in its database: any process that runs is asked.
  if (database === undefined) {
    try {
      const opened = await openMembers(storage, access.inviteDays)
      try {
        return await here(opened.members)
      } finally {
        await opened.close()
      }
    } catch (cause) {
      if (!(cause instanceof KithError) || cause.code !== 'storage-busy') throw cause
    }
  }
  const operator = readOperatorFile(storage)
  const answer =
    operator &&
    (await fetch(`${operator.url}/${path}`, { method, headers: { authorization: `Bearer ${operator.token}` } }).catch(
      () => undefined,
    ))
  if (answer?.status !== 200)
    throw new KithError(
      'storage-busy',
      database === undefined
        ? `The hub runs and cannot be asked on its operator's port. Start it with --operator-port, or stop it first.`
        : 'No process of the hub can be asked on an operator’s port with this --storage. Start one with --operator-port.',
    )
  return answer.json()
}
