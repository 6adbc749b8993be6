import type { SimDevice } from './device.ts'

/** All that a device shows of the shared space, as lines: two devices with the same changes show the same. */
export const showDevice = async (device: SimDevice): Promise<string[]> => {
  const home = device.home()
  if (!home) return [device.isOn() ? 'not here' : 'off']
  const lines: string[] = [`name ${await home.name()}`]
  for (const name of ['tasks', 'ballots', 'settings'] as const) {
    const rows = await home.query((q) =>
      q
        .selectFrom(name as 'tasks')
        .selectAll()
        .orderBy('id'),
    )
    for (const row of rows) lines.push(`${name} ${JSON.stringify(row, inOrder)}`)
  }
  for (const member of await home.members()) lines.push(`member ${JSON.stringify(member, inOrder)}`)
  return lines
}

/** What it holds back for good: shown beside, since what never reached a device it cannot hold back. */
export const showHeld = async (device: SimDevice): Promise<string[]> =>
  ((await device.home()?.heldBack()) ?? []).map(({ change, code }) => `${change} ${code}`).sort()

/** Columns by name: a table widened in another order is the same table. */
const inOrder = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
    : value

/** The first few lines in which two differ. */
export const difference = (left: readonly string[], right: readonly string[]): string => {
  const [ours, theirs] = [new Set(left), new Set(right)]
  const only = (lines: readonly string[], other: ReadonlySet<string>, sign: string): string[] =>
    lines.filter((line) => !other.has(line)).map((line) => `${sign} ${line.slice(0, 400)}`)
  return [...only(left, theirs, '-').slice(0, 4), ...only(right, ours, '+').slice(0, 4)].join('\n')
}
