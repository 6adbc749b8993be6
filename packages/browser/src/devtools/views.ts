import type { InspectedChange, InspectedHub, Kith, RowReport } from '@kith/core'
import { aside, badge, element, shortened, tableOf, type Tone } from './dom.ts'

export type ViewInput = {
  readonly kith: Kith
  /** The space that was chosen. */
  readonly space: string
  /** How many changes of the log are wanted. */
  readonly logLength: number
  readonly moreLog: () => void
  /** The row that was asked for. */
  readonly row: string
  readonly askRow: (id: string) => void
}

/** `load` asks the engine; `render` is called again only when what it gave has changed. */
export type View<Data> = {
  readonly title: string
  readonly load: (input: ViewInput) => Promise<Data>
  readonly render: (data: Data, input: ViewInput) => readonly Node[]
}

const view = <Data>(title: string, load: View<Data>['load'], render: View<Data>['render']): View<unknown> =>
  ({ title, load, render }) as unknown as View<unknown>

type Named = { readonly address: string; readonly name: string }

const nameOf = ({ address, name }: Named): string => name || (address ? `${address.slice(0, 8)}…` : 'somebody unknown')
const toBytes = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
const toTime = (time: Date): string => {
  const today = time.toDateString() === new Date().toDateString()
  return today ? time.toLocaleTimeString() : time.toLocaleString()
}

const spaces = view(
  'Spaces',
  ({ kith }) => kith.inspect.spaces(),
  (found, { space }) => [
    tableOf(
      found,
      [
        {
          title: 'Space',
          cell: ({ id, name, isPublic }) => [
            id === space ? element('strong', {}, name || '(no name)') : name || '(no name)',
            ' ',
            isPublic && badge('public', 'wait'),
            element('br'),
            shortened(id, 12),
          ],
        },
        {
          title: 'App',
          cell: ({ app, version, kind }) =>
            kind === 'own' ? aside('this person') : [app, aside(` version ${version ?? '?'}`)],
        },
        {
          title: 'You are',
          cell: ({ role, rotationOwed, isReadOnly }) => [
            role ?? badge('no member', 'bad'),
            rotationOwed && badge('new keys owed', 'wait'),
            isReadOnly && badge('read only', 'bad'),
          ],
        },
        { title: 'Members', cell: ({ members }) => members, isNumber: true },
        {
          title: 'Changes',
          cell: ({ changes, historyBytes }) => [changes, ' ', aside(toBytes(historyBytes))],
          isNumber: true,
        },
        {
          title: 'Held back',
          cell: ({ heldBack }) => (heldBack > 0 ? badge(String(heldBack), 'bad') : 0),
          isNumber: true,
        },
        { title: 'Waiting', cell: ({ waiting }) => (waiting > 0 ? badge(String(waiting), 'wait') : 0), isNumber: true },
        { title: 'Last change', cell: ({ lastChange }) => (lastChange.getTime() === 0 ? '' : toTime(lastChange)) },
      ],
      'No space is here.',
    ),
  ],
)

const sources = {
  founder: 'created the space',
  link: 'joined by a link',
  grant: 'was made a member',
  demotion: 'was left this rank',
} as const

const members = view(
  'Members & keys',
  async ({ kith, space }) => ({ members: await kith.inspect.members(space), epochs: await kith.inspect.epochs(space) }),
  (found) => [
    element('h2', {}, 'Members'),
    tableOf(
      found.members,
      [
        {
          title: 'Person',
          cell: (member) => [
            element('strong', {}, nameOf(member)),
            member.isUs && aside(' you'),
            element('br'),
            shortened(member.address, 12),
          ],
        },
        {
          title: 'Role',
          cell: ({ role, rank }) =>
            rank === undefined ? badge('out', 'bad') : [role, rank !== role && aside(` (${rank})`)],
        },
        { title: 'Devices', cell: ({ devices }) => devices.flatMap((device) => [shortened(device), ' ']) },
        {
          title: 'Right to write',
          cell: ({ grants }) =>
            grants.map(({ source, role, by, at, isLive, ended }) =>
              element(
                'div',
                { className: isLive ? '' : 'over' },
                `${sources[source]}${by && source !== 'founder' ? ` ${source === 'link' ? 'of' : 'by'} ${nameOf(by)}` : ''} as ${role}, ${toTime(at)}`,
                ended && aside(` ended by ${nameOf(ended.by)}, ${toTime(ended.at)}`),
              ),
            ),
        },
      ],
      'Nobody is a member.',
    ),
    element('h2', {}, 'Keys (epochs)'),
    tableOf(
      found.epochs,
      [
        { title: 'Epoch', cell: ({ epoch, isInUse }) => [shortened(epoch), ' ', isInUse && badge('in use', 'good')] },
        { title: 'Made', cell: ({ startedBy, at }) => [nameOf(startedBy), element('br'), aside(toTime(at))] },
        {
          title: 'State',
          cell: ({ isClean, whyNotClean }) =>
            isClean
              ? badge('clean', 'good')
              : [badge('not clean', 'bad'), ...whyNotClean.map((why) => element('div', {}, aside(why)))],
        },
        {
          title: 'Who can read it',
          cell: ({ readers, openLinks, isPublic }) => [
            isPublic && badge('everybody: public', 'wait'),
            ...readers.map((reader) =>
              element(
                'div',
                { className: reader.rank === undefined ? 'over' : '' },
                nameOf(reader),
                aside(` ${reader.rank ?? 'out'}, by ${reader.how}`),
              ),
            ),
            openLinks > 0 &&
              element(
                'div',
                {},
                aside(`whoever has ${openLinks === 1 ? 'the open link' : `one of ${openLinks} open links`}`),
              ),
          ],
        },
        { title: 'This device can', cell: ({ weCan }) => badge(weCan, weCan === 'nothing' ? 'bad' : 'plain') },
      ],
      'No keys were made yet.',
    ),
  ],
)

const tones: Readonly<Record<InspectedChange['state'], Tone>> = { applied: 'good', waiting: 'wait', 'held back': 'bad' }

const changesTable = (changes: readonly InspectedChange[], { askRow }: ViewInput, empty: string): HTMLElement =>
  tableOf(
    changes,
    [
      { title: 'Time', cell: ({ time }) => toTime(time) },
      {
        title: 'Author',
        cell: ({ author, device, isOurs }) => [
          nameOf(author),
          isOurs && aside(' you'),
          element('br'),
          shortened(device),
        ],
      },
      {
        title: 'Change',
        cell: ({ text, kind, writes }) => [
          text,
          aside(` ${kind}`),
          ...writes.map(({ rows, count }) =>
            element(
              'div',
              {},
              ...rows.slice(0, 5).flatMap((row) => [rowLink(row, askRow), ' ']),
              count > 5 && aside(`of ${count}`),
            ),
          ),
        ],
      },
      {
        title: 'Verdict',
        cell: ({ state, reason }) => [
          badge(state, tones[state]),
          reason !== undefined && element('div', {}, aside(reason)),
        ],
      },
      { title: 'Keys', cell: ({ epoch }) => epoch !== undefined && shortened(epoch) },
      { title: 'Hash', cell: ({ change }) => shortened(change) },
    ],
    empty,
  )

const rowLink = (id: string, askRow: (id: string) => void): HTMLElement => {
  const button = element('button', { className: 'link', title: `Why can or can’t I see ${id}?` }, `…${id.slice(-8)}`)
  button.addEventListener('click', () => askRow(id))
  return button
}

const log = view(
  'Log',
  ({ kith, space, logLength }) => kith.inspect.log(space, { limit: logLength }),
  ({ changes, next }, input) => [
    changesTable(changes, input, 'Nothing was written yet.'),
    ...(next === undefined ? [] : [actionButton('Older changes', input.moreLog)]),
  ],
)

const actionButton = (text: string, action: () => void): HTMLElement => {
  const button = element('button', {}, text)
  button.addEventListener('click', action)
  return button
}

/** More than that nobody reads, and the page would be slow. */
const heldBackMax = 300

const heldBack = view(
  'Held back',
  ({ kith, space }) => kith.inspect.heldBack(space),
  (changes, input) => [
    changesTable(changes.slice(0, heldBackMax), input, 'Every change that is here has its effect.'),
    ...(changes.length > heldBackMax ? [element('p', {}, `and ${changes.length - heldBackMax} more`)] : []),
  ],
)

const hubTones: Readonly<Record<InspectedHub['state'], Tone>> = {
  connected: 'good',
  connecting: 'wait',
  'waiting to reconnect': 'bad',
}

const hubs = view(
  'Hubs',
  ({ kith, space }) => kith.inspect.hubs(space),
  (found) => [
    tableOf(
      found,
      [
        { title: 'Hub', cell: ({ url, key }) => [url, element('br'), key !== undefined && shortened(key, 12)] },
        {
          title: 'State',
          cell: ({ state, problem }) => [
            badge(state, hubTones[state]),
            problem && element('div', {}, aside(`${problem.message} [${problem.code}]`)),
          ],
        },
        {
          title: 'Round trip',
          cell: ({ roundTripMs }) => (roundTripMs === undefined ? '' : `${roundTripMs.toFixed(1)} ms`),
          isNumber: true,
        },
        {
          title: 'To send',
          cell: ({ pending, space }) => [pending, space && aside(` ${space.pending} of this space`)],
          isNumber: true,
        },
        {
          title: 'This space',
          cell: ({ space }) =>
            space &&
            badge(space.caughtUp ? 'read to its end' : 'not read to its end', space.caughtUp ? 'good' : 'wait'),
        },
        { title: 'Sent', cell: ({ sentBytes }) => toBytes(sentBytes), isNumber: true },
        { title: 'Received', cell: ({ receivedBytes }) => toBytes(receivedBytes), isNumber: true },
        {
          title: 'Refused',
          cell: ({ refused }) =>
            Object.entries(refused).map(([code, count]) => element('div', {}, badge(`${count} ${code}`, 'bad'))),
        },
      ],
      'No hub is set: what is written stays on this device.',
    ),
  ],
)

const storage = view(
  'Storage',
  ({ kith }) => kith.inspect.storage(),
  ({ databaseBytes, freeBytes, measuredBy, tables }) => [
    element(
      'p',
      {},
      `The database of all spaces has ${toBytes(databaseBytes)}, ${toBytes(freeBytes)} of them free. `,
      aside(
        measuredBy
          ? 'Sizes of tables are SQLite’s own (dbstat), with their indexes.'
          : 'This SQLite cannot tell the sizes of tables (no dbstat).',
      ),
    ),
    tableOf(
      tables.filter(({ app, rows }) => app !== '' || rows > 0),
      [
        { title: 'Table', cell: ({ table, app }) => [table, aside(app === '' ? ' Kith’s own' : ` ${app}`)] },
        { title: 'Rows', cell: ({ rows }) => rows.toLocaleString(), isNumber: true },
        { title: 'Deleted', cell: ({ app, deleted }) => (app === '' ? '' : deleted.toLocaleString()), isNumber: true },
        { title: 'Size', cell: ({ bytes }) => (bytes === undefined ? '' : toBytes(bytes)), isNumber: true },
      ],
      'There are no tables.',
    ),
  ],
)

const row = view(
  'Row',
  async ({ kith, space, row: id }) => (id === '' ? undefined : await kith.inspect.row(space, id)),
  (report: RowReport | undefined, input) => [rowForm(input), ...(report ? rowParts(report, input) : [])],
)

const rowForm = ({ row: id, askRow }: ViewInput): HTMLElement => {
  const field = element('input', {
    value: id,
    placeholder: 'id of a row: 26 characters',
    size: 30,
    spellcheck: false,
    ariaLabel: 'Row id',
  })
  const form = element('form', {}, field, ' ', element('button', {}, 'Why can’t I see it?'))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    askRow(field.value.trim())
  })
  return form
}

const rowParts = (report: RowReport, input: ViewInput): Node[] => {
  const part = (title: string, changes: readonly InspectedChange[]): Node[] =>
    changes.length === 0 ? [] : [element('h2', {}, title), changesTable(changes, input, '')]
  return [
    element(
      'p',
      { className: 'answer' },
      badge(report.state, report.state === 'shown' ? 'good' : report.state === 'waiting' ? 'wait' : 'bad'),
      ' ',
      report.text,
    ),
    ...part('The change that makes it', report.made ? [report.made] : []),
    ...part('Deleted by', report.deletes),
    ...part('Without effect on it', report.withoutEffect),
    ...(report.state === 'shown' || report.mayBeMissing.length === 0
      ? []
      : [
          element('h2', {}, 'There may be more than is here'),
          element('ul', {}, ...report.mayBeMissing.map((why) => element('li', {}, why))),
        ]),
  ]
}

export const views: readonly View<unknown>[] = [spaces, members, log, heldBack, hubs, storage, row]
export const rowView = row
