/** The operator's page: one document, no script, nothing loaded from anywhere. */
import { counters, type CounterName } from '../meter.ts'
import { type Sample, toRates } from './history.ts'
import { plot } from './plot.ts'
import type { Reading } from './reading.ts'

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c2420, #e6ece8); --soft: light-dark(#5d6b64, #94a39b); --paper: light-dark(#fbfcfa, #161b18);
  --card: light-dark(#fff, #1e2521); --edge: light-dark(#dde4df, #303a34); --line: light-dark(#1f7a55, #5fc796); --bad: light-dark(#b3261e, #ff8f85) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
header { display: flex; align-items: baseline; gap: .75rem; flex-wrap: wrap }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
.state { padding: .1rem .6rem; border-radius: 1rem; border: 1px solid currentColor; color: var(--line); font-size: .85rem } .state.bad { color: var(--bad) }
.soft, .none, .ends { color: var(--soft) }
.tiles, .plots { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); margin: 1.25rem 0 0 }
.plots { grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)) }
.tiles div, figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; padding: .7rem .9rem }
.tiles dt { color: var(--soft); font-size: .85rem } .tiles dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums }
figcaption { display: flex; justify-content: space-between } svg { width: 100%; height: 90px; display: block; margin: .4rem 0 .2rem }
polyline { fill: none; stroke: var(--line); stroke-width: 1.5; vector-effect: non-scaling-stroke } polygon { fill: var(--line); opacity: .13 }
.ends { display: flex; justify-content: space-between; font-size: .78rem } .none { height: 90px; margin: 0; display: grid; place-items: center }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--edge); font-weight: normal }
td.n { text-align: right; font-variant-numeric: tabular-nums } footer { margin-top: 2rem; color: var(--soft) }
`

export function renderPage(reading: Reading, samples: readonly Sample[]): string {
  const { totals, counts, disk, health } = reading
  const gauges: [string, string][] = [
    ['Connections', number(reading.connections)],
    ['Logs', number(totals.logs)],
    ...(reading.access === 'open' ? [] : ([['Members', number(reading.members.joined)]] as [string, string][])),
    ['Entries', number(totals.entries)],
    ['Bytes of entries', bytes(totals.bytes)],
    ...(disk === undefined
      ? []
      : ([
          ['Database', bytes(disk.databaseBytes)],
          ['Free on its disk', bytes(disk.freeBytes)],
        ] as [string, string][])),
    ['Memory', bytes(reading.memoryBytes)],
    ['Up', duration(reading.upSeconds)],
  ]
  const at = (value: (sample: Sample) => number) =>
    samples.map((sample) => ({ atMs: sample.atMs, value: value(sample) }))
  const perSecond = (value: number) => `${number(Number(value.toPrecision(3)))}/s`
  const plots = [
    plot(
      'Connections',
      at((sample) => sample.connections),
      number,
    ),
    plot(
      'Entries put',
      toRates(samples, (sample) => sample.entriesPut),
      perSecond,
    ),
    plot(
      'Entries sent on',
      toRates(samples, (sample) => sample.entriesSent),
      perSecond,
    ),
    plot(
      'Refusals',
      toRates(samples, (sample) => sample.refusals),
      perSecond,
    ),
    plot(
      'Bytes of entries',
      at((sample) => sample.bytes),
      bytes,
    ),
    plot(
      'Memory',
      at((sample) => sample.memoryBytes),
      bytes,
    ),
  ]
  const rows = Object.entries(counters).map(([name, what]) => row(what, counts.counters[name as CounterName]))
  const refusals = [...counts.refusals].map(([reason, count]) => row(`Refused: ${reason}`, count))
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="30"><title>Kith hub</title><style>${style}</style>
<header><h1>Kith hub</h1><span class="state${health === 'ok' ? '' : ' bad'}">${health}</span>
${reading.isLargeAway ? '<span class="state bad">S3 away</span>' : ''}
<span class="soft">${new Date(reading.atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC</span></header>
<dl class="tiles">${gauges.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<section class="plots" aria-label="The last day">${plots.join('')}</section>
<h2>Since the start</h2><table>${[...rows, ...refusals].join('')}</table>
<footer>Sums over the whole hub. It can show nothing about people, for it knows nothing about them. For Prometheus: <code>/metrics</code>.</footer></html>`
}

function row(what: string, count: number): string {
  return `<tr><td>${what}</td><td class="n">${number(count)}</td></tr>`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  return `${Number((value / 1024 ** step).toPrecision(3))} ${units[step]}`
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}
