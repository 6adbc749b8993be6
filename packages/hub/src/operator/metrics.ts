/** A reading as Prometheus wants it (text format 0.0.4). */
import { type CounterName, counters } from '../meter.ts'
import type { Reading } from './reading.ts'

export function readingToMetrics(reading: Reading): string {
  const { totals, counts, disk } = reading
  const lines: string[] = []
  const metric = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    values: readonly (readonly [string, number])[],
  ) => {
    lines.push(`# HELP kith_hub_${name} ${help}`, `# TYPE kith_hub_${name} ${type}`)
    for (const [labels, value] of values) lines.push(`kith_hub_${name}${labels} ${value}`)
  }
  const gauge = (name: string, help: string, value: number) => metric('gauge', name, help, [['', value]])

  gauge('healthy', '1 if the hub can read its storage.', reading.health === 'ok' ? 1 : 0)
  gauge(
    'large_entries_away',
    '1 if S3 does not answer: large entries are neither taken nor given.',
    Number(reading.isLargeAway),
  )
  metric('gauge', 'access', 'Who may make logs.', [[`{mode="${reading.access}"}`, 1]])
  gauge('members', 'Members by invite.', reading.members.joined)
  gauge('invites', 'Invites that nobody has used.', reading.members.invited)
  gauge('connections_open', 'Connections now.', reading.connections)
  gauge('logs', 'Logs kept.', totals.logs)
  gauge('entries', 'Entries kept.', totals.entries)
  gauge('entry_bytes', 'Bytes of entries kept.', totals.bytes)
  gauge('up_seconds', 'Seconds since the start.', reading.upSeconds)
  gauge('memory_bytes', 'Resident memory of the process.', reading.memoryBytes)
  if (reading.isFanOutConnected !== undefined)
    gauge(
      'fan_out_connected',
      '1 if what is put reaches followers on other processes at once, 0 if they look each second.',
      Number(reading.isFanOutConnected),
    )
  if (disk !== undefined) {
    gauge('database_bytes', 'Size of the database with its log of changes.', disk.databaseBytes)
    gauge('disk_free_bytes', 'Free bytes on the disk of the database.', disk.freeBytes)
  }
  for (const [name, help] of Object.entries(counters)) {
    metric('counter', `${toSnake(name)}_total`, help, [['', counts.counters[name as CounterName]]])
  }
  metric(
    'counter',
    'refusals_total',
    'Refusals by reason.',
    [...counts.refusals].map(([reason, count]) => [`{reason="${reason}"}`, count] as const),
  )
  return `${lines.join('\n')}\n`
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
