import { median, spread } from '../statistics.ts'
import { figures } from './figures.ts'
import type { ProductName } from './products.ts'
import type { Description, Figure, Outcome } from './workloads.ts'

/** All rounds of a number of records. */
export type Measured = {
  readonly records: number
  readonly rounds: number
  readonly products: ReadonlyMap<
    ProductName,
    { readonly description: Description; readonly outcomes: readonly Outcome[] }
  >
}
export type Conditions = {
  readonly machine: string
  readonly load: string
  readonly versions: ReadonlyMap<ProductName, string>
}

/** The number of records that the goals speak of. */
const goalRecords = 100_000
const yardsticks: ReadonlySet<ProductName> = new Set(['sqlite', 'relay'])
const figureNames = Object.keys(figures) as Figure[]

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toPrecision(3).replace(/\.0+$/, '')
const times = (value: number): string => `${value >= 100 ? number(value) : value.toPrecision(2)} ×`

/** The median of those rounds that gave a number; a reason when most gave none. */
export const toValue = (outcomes: readonly Outcome[], figure: Figure): number | string | undefined => {
  const values = outcomes.map((outcome) => outcome[figure])
  const found = values.filter((value) => typeof value === 'number')
  if (found.length * 2 > outcomes.length) return median(found)
  return values.find((value) => typeof value === 'string')
}

const toCell = (outcomes: readonly Outcome[], figure: Figure): string => {
  const value = toValue(outcomes, figure)
  if (typeof value !== 'number') return value ?? '–'
  const found = outcomes.map((outcome) => outcome[figure]).filter((each) => typeof each === 'number')
  const apart = found.length > 1 ? spread(found) : 1
  // A spread that says nothing is left out.
  return `${number(value)}${apart >= 1.5 && Number.isFinite(apart) ? ` (±${times(apart)})` : ''}`
}

/** By how much Kith is better than `other`: below 1 it loses. */
const advantage = (figure: Figure, kith: number, other: number): number =>
  figures[figure].isMoreBetter ? kith / other : other / kith

const rowsOf = ({ products }: Measured): string[] => {
  const names = [...products.keys()]
  return figureNames.map((figure) => {
    const { workload, text, unit } = figures[figure]
    const cells = names.map((name) => toCell(products.get(name)?.outcomes ?? [], figure))
    return `| ${workload} ${text}, ${unit} | ${cells.join(' | ')} |`
  })
}

type Comparison = { readonly figure: Figure; readonly name: ProductName; readonly ratio: number }

/** Kith beside each other product that has the figure. */
export const compare = ({ products }: Measured): Comparison[] => {
  const kith = products.get('kith')?.outcomes ?? []
  return figureNames.flatMap((figure) => {
    const own = toValue(kith, figure)
    if (typeof own !== 'number') return []
    return [...products].flatMap(([name, { outcomes }]) => {
      const value = name === 'kith' ? undefined : toValue(outcomes, figure)
      return typeof value === 'number' ? [{ figure, name, ratio: advantage(figure, own, value) }] : []
    })
  })
}

const titleOf = (measured: Measured, name: ProductName): string =>
  measured.products.get(name)?.description.title ?? name

const lossesOf = (measured: Measured): string[] => {
  const losses = compare(measured).filter(({ ratio }) => ratio < 1)
  return losses
    .sort((left, right) => left.ratio - right.ratio)
    .map(
      ({ figure, name, ratio }) =>
        `- ${figures[figure].workload} ${figures[figure].text}: ${titleOf(measured, name)}${yardsticks.has(name) ? ' (a yardstick)' : ''} is ${times(1 / ratio)} better${1 / ratio < 1.5 ? ' (within the noise)' : ''}`,
    )
}

type Goal = { readonly text: string; readonly value: string; readonly isMet: boolean }

/** The goals that compare within one run; undefined where a number is missing. */
const goalsOf = (measured: Measured): Goal[] => {
  const of = (name: ProductName, figure: Figure): number => {
    const value = toValue(measured.products.get(name)?.outcomes ?? [], figure)
    return typeof value === 'number' ? value : Number.NaN
  }
  const goals: Goal[] = []
  const add = (text: string, value: number, unit: string, isMet: boolean): void => {
    if (!Number.isNaN(value)) goals.push({ text, value: `${number(value)} ${unit}`, isMet })
  }
  const written = (100 * of('kith', 'batchesPerSecond')) / of('sqlite', 'batchesPerSecond')
  add('W1 units ≥ 60 % of bare SQLite', written, '%', written >= 60)
  for (const peer of ['evolu', 'jazz'] as const) {
    const ratio = of('kith', 'batchesPerSecond') / of(peer, 'batchesPerSecond')
    add(`W1 units ≥ 10 × ${titleOf(measured, peer)}`, ratio, '×', ratio >= 10)
  }
  const joinMax = measured.records === goalRecords ? 1_200 : Number.NaN
  if (!Number.isNaN(joinMax))
    add('W2 100,000 records ≤ 1,200 ms', of('kith', 'joinMs'), 'ms', of('kith', 'joinMs') <= joinMax)
  const most = (text: string, figure: Figure, limit: number): void =>
    add(text, of('kith', figure), figures[figure].unit, of('kith', figure) <= limit)
  most('W2 ≤ 30 B a record', 'joinBytesPerRecord', 30)
  const liveMax = of('relay', 'liveP50Ms') + 2 + 2 * (1000 / of('sqlite', 'singlesPerSecond'))
  most(`W3 p50 ≤ bare ws + 2 ms + two FULL commits of bare SQLite = ${number(liveMax)} ms`, 'liveP50Ms', liveMax)
  const through = of('kith', 'throughPerSecond')
  add('W3 singles ≥ 1,500 /s', through, '/s', through >= 1_500)
  most('W4 ten more ≤ 50 ms', 'tenMoreMs', 50)
  most('W4 ten more ≤ 3,000 B', 'tenMoreBytes', 3_000)
  most('W5 first page ≤ 50 ms', 'reopenMs', 50)
  most('W5 memory ≤ 120 MB', 'reopenMegabytes', 120)
  most('W6 idle connection ≤ 10,000 B', 'idleBytes', 10_000)
  most('W6 server’s disk ≤ 35 B a record', 'serverBytesPerRecord', 35)
  return goals
}

const section = (measured: Measured, hasGoals: boolean): string[] => {
  const names = [...measured.products.keys()]
  const losses = lossesOf(measured)
  return [
    `## ${measured.records.toLocaleString('en-GB')} records`,
    '',
    `${measured.rounds === 1 ? 'One round' : `Medians of ${measured.rounds} rounds, the products in turn`}; (±n ×): the largest by the smallest, where it is 1.5 or more.`,
    '',
    `| | ${names.map((name) => titleOf(measured, name)).join(' | ')} |`,
    `|---|${names.map(() => '---|').join('')}`,
    ...rowsOf(measured),
    '',
    '### Where Kith loses',
    '',
    ...(losses.length === 0 ? ['Nowhere in this table.'] : losses),
    '',
    ...(hasGoals
      ? [
          '### Goals',
          '',
          '| goal | Kith | |',
          '|---|---|---|',
          ...goalsOf(measured).map(
            ({ text, value, isMet }) => `| ${text} | ${value} | ${isMet ? 'met' : '**missed**'} |`,
          ),
          '',
        ]
      : []),
  ]
}

/** `plots`: names of the files beside it. */
export const toMarkdown = (
  all: readonly Measured[],
  { machine, load, versions }: Conditions,
  plots: readonly string[],
): string => {
  const traits = [...(all[0]?.products ?? [])].map(
    ([
      name,
      {
        description: { title, traits },
      },
    ]) =>
      [
        '',
        title,
        versions.get(name) ?? '',
        traits.encryption,
        traits.queries,
        traits.permissions,
        traits.durability,
        '',
      ]
        .join(' | ')
        .trim(),
  )
  return [
    `# Kith beside others, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `${machine}. **Measured under a load average of ${load}.** Each product: its server, device A and device B in processes of their own, over 127.0.0.1. Made by \`npm run benchmark -- peers\`. On a shared machine differences under 1.5 × mean nothing.`,
    '',
    ...plots.map((plot) => `![](${plot})`),
    '',
    '| | versions | encryption | queries | permissions | a write outlives |',
    '|---|---|---|---|---|---|',
    ...traits,
    '',
    ...[...all]
      .sort((left, right) => right.records - left.records)
      .flatMap((measured) => section(measured, measured.records === goalRecords || all.length === 1)),
    '## What each number contains',
    '',
    ...figureNames.map((figure) => {
      const { workload, text, contains } = figures[figure]
      return `- **${workload} ${text}**: ${contains}.`
    }),
    '',
    'Not measured alike: the yardsticks do one thing only (SQLite stores, ws passes on). What a product does not do (see the table of products) costs it nothing here. A record is 128 ± 15 bytes of JSON made of few words: what compresses wins on the wire.',
    '',
  ].join('\n')
}
