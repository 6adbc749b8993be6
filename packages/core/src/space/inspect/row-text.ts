import type { InspectedChange, RowReport } from './api.ts'
import { nameOf } from './words.ts'

/** What is known of a row, for a person. */
export const rowToText = (report: Omit<RowReport, 'text'>): string =>
  [stateToText(report), ...withoutEffectToText(report), ...missingToText(report)].join(' ')

const stateToText = ({ state, table, made, deletes, hiddenBy }: Omit<RowReport, 'text'>): string => {
  const by = made ? `${nameOf(made.author)} on ${toMinute(made.time)}` : 'somebody'
  switch (state) {
    case 'shown':
      return `It is here, in ${table}, and queries show it: ${by} made it. A query that does not show it has a condition that it does not meet.`
    case 'deleted':
      return `It is here, in ${table}, and deleted: ${deletes.map(({ author, time }) => `by ${nameOf(author)} on ${toMinute(time)}`).join(', ')}.`
    case 'hidden by another row':
      return `It is here, in ${table}, and hidden because it belongs to the row ${hiddenBy?.row} of ${hiddenBy?.table}, which is deleted.`
    case 'held back':
      return `The change that makes it, by ${by}, is held back: ${made?.reason ?? ''}`
    case 'waiting':
      return `The change that makes it, by ${by}, waits: ${made?.reason ?? ''}`
    case 'table unknown to the app':
      return `It is here, in ${table}, which this version of the app does not have: ${by} made it. Update the app.`
    case 'without its insert':
      return `Something was written to it in ${table}, but the change that makes it is not here.`
    case 'not here':
      return 'Nothing of it is here.'
  }
}

const withoutEffectToText = ({ withoutEffect }: Omit<RowReport, 'text'>): string[] =>
  withoutEffect.length === 0
    ? []
    : [
        `Without effect on it: ${withoutEffect.map(({ author, text, reason }: InspectedChange) => `${nameOf(author)} ${text} (${reason ?? ''})`).join('; ')}`,
      ]

/** Of a row that is shown nobody asks what is missing. */
const missingToText = ({ state, mayBeMissing }: Omit<RowReport, 'text'>): string[] =>
  state === 'not here' || state === 'without its insert' || state === 'waiting' ? [...mayBeMissing] : []

const toMinute = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ')
