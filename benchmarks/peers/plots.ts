import { writeFileSync } from 'node:fs'
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { figures } from '../workloads/figures.ts'
import { type Measured, toValue } from '../workloads/report.ts'
import type { Figure } from '../workloads/workloads.ts'

const plotted: readonly Figure[] = [
  'batchesPerSecond',
  'singlesPerSecond',
  'joinMs',
  'joinBytesPerRecord',
  'tenMoreMs',
  'reopenMs',
  'liveP50Ms',
  'serverBytesPerRecord',
]

const toName = (figure: Figure): string =>
  `${figures[figure].workload} ${figures[figure].text}, ${figures[figure].unit}${figures[figure].isMoreBetter ? ' (more is better)' : ''}`

/** How each figure grows with the records, both axes logarithmic, a line a product. */
const toSpec = (all: readonly Measured[]): TopLevelSpec => {
  const values = all.flatMap(({ records, products }) =>
    [...products.values()].flatMap(({ description, outcomes }) =>
      plotted.flatMap((figure) => {
        const value = toValue(outcomes, figure)
        return typeof value === 'number' && value > 0
          ? [{ records, product: description.title, figure: toName(figure), value }]
          : []
      }),
    ),
  )
  const titles = [...(all[0]?.products.values() ?? [])].map(({ description }) => description.title)
  return {
    data: { values },
    facet: {
      field: 'figure',
      type: 'nominal',
      title: null,
      sort: plotted.map(toName),
      header: { labelLimit: 0, labelFontSize: 11 },
    },
    columns: 2,
    spec: {
      width: 340,
      height: 180,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'records', type: 'quantitative', scale: { type: 'log' }, axis: { format: '~s', tickCount: 4 } },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { type: 'log' },
          title: null,
          axis: { format: ',~g', tickCount: 5 },
        },
        color: { field: 'product', type: 'nominal', sort: titles, title: null, legend: { labelLimit: 0 } },
        strokeWidth: { condition: { test: "datum.product === 'Kith'", value: 3 }, value: 1.2 },
      },
    },
    resolve: { scale: { y: 'independent' }, axis: { x: 'independent' } },
    background: 'white',
    config: { axis: { titleFontWeight: 'normal' }, header: { labelLimit: 0 } },
  }
}

/** Writes the plot beside the table; the names of the files. */
export const writePlots = async (all: readonly Measured[], folder: URL): Promise<string[]> => {
  const view = new View(parse(compile(toSpec(all)).spec), { renderer: 'none' })
  writeFileSync(new URL('peers.svg', folder), await view.toSVG())
  view.finalize()
  return ['peers.svg']
}
