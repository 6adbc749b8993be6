import { styleText } from 'node:util'

/** What is shown: 80 columns, a label of ten, and bars that move in place on a terminal and are a few lines elsewhere. */
const labelWidth = 10
const barWidth = 40
const indent = '     '

const isTerminal = process.stdout.isTTY
const paint = (format: Parameters<typeof styleText>[0], text: string): string => styleText(format, text)

export const dim = (text: string): string => paint('dim', text)
export const bold = (text: string): string => paint('bold', text)
export const good = (text: string): string => paint('green', text)
export const bad = (text: string): string => paint('red', text)

export const say = (text = ''): void => {
  process.stdout.write(`${text}\n`)
}

export const title = (name: string, what: string): void => say(`\n  ${bold(name)}\n  ${dim(what)}`)

let step = 0
export const heading = (text: string): void => {
  step += 1
  say(`\n  ${bold(`${step}  ${text}`)}`)
}

export const line = (label: string, text: string): void => say(`${indent}${dim(label.padEnd(labelWidth))}${text}`)

/** A bar for something that grows to `total`; its last state stays on the screen. */
export const createBar = (label: string, total: number, unit: string) => {
  let shown = -1
  const draw = (done: number, end: string): void => {
    const full = total === 0 ? barWidth : Math.floor((Math.min(done, total) * barWidth) / total)
    const bar = `${paint('cyan', '█'.repeat(full))}${dim('░'.repeat(barWidth - full))}`
    process.stdout.write(`${indent}${dim(label.padEnd(labelWidth))}${bar} ${end}`)
  }
  return {
    update: (done: number): void => {
      // Elsewhere than on a terminal, four lines at most.
      const mark = isTerminal ? Math.floor((done * barWidth * 2) / total) : Math.floor((done * 4) / total)
      if (mark <= shown || done >= total) return
      const isFirst = shown < 0
      shown = mark
      if (isTerminal) {
        process.stdout.write('\r')
        draw(done, `${number(done)} ${unit}`)
      } else if (!isFirst) {
        line(label, `${number(done)} of ${number(total)} ${unit}`)
      }
    },
    finish: (end: string): void => {
      if (isTerminal) process.stdout.write('\r\u001b[K')
      draw(total, end)
      say()
    },
  }
}

export const number = (value: number): string => value.toLocaleString('en-GB')

/** `1 log`, `2 logs`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`

export const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : number(Math.round(value))} ms`

export const bytes = (value: number): string =>
  value < 1_000_000 ? `${number(Math.round(value / 1000))} kB` : `${(value / 1_000_000).toFixed(1)} MB`
