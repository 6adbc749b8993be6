/** One plot as SVG: an area under a line, its highest value, and the times at its ends. */
import type { Point } from './history.ts'

const width = 320
const height = 90
const columnsMax = 160

export function plot(title: string, points: readonly Point[], format: (value: number) => string): string {
  const last = points.at(-1)
  const now = last === undefined ? '–' : format(last.value)
  return `<figure><figcaption>${title} <b>${now}</b></figcaption>${drawing(points, format)}</figure>`
}

function drawing(all: readonly Point[], format: (value: number) => string): string {
  const points = thin(all)
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || points.length < 2) return '<p class="none">comes with time</p>'
  const most = Math.max(...points.map(({ value }) => value))
  const span = Math.max(1, last.atMs - first.atMs)
  const x = (atMs: number) => (((atMs - first.atMs) / span) * width).toFixed(1)
  const y = (value: number) => (height - (most === 0 ? 0 : value / most) * (height - 8)).toFixed(1)
  const line = points.map(({ atMs, value }) => `${x(atMs)},${y(value)}`).join(' ')
  return `<svg viewBox="0 0 ${width} ${height}" role="img" preserveAspectRatio="none">
<polygon points="0,${height} ${line} ${width},${height}"/><polyline points="${line}"/></svg>
<div class="ends"><span>${clock(first.atMs)}</span><span>most ${format(most)}</span><span>${clock(last.atMs)} UTC</span></div>`
}

/** The highest of each few: a peak must not hide. */
function thin(points: readonly Point[]): Point[] {
  const each = Math.ceil(points.length / columnsMax)
  const thinned: Point[] = []
  for (let at = 0; at < points.length; at += each) {
    const some = points.slice(at, at + each)
    thinned.push(some.reduce((most, point) => (point.value > most.value ? point : most)))
  }
  return thinned
}

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 16)
}
