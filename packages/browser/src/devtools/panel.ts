import type { InspectedSpace, Kith } from '@kith/core'
import { element } from './dom.ts'
import { style } from './style.ts'
import { rowView, type View, type ViewInput, views } from './views.ts'

/** Between two looks, where something goes on all the time. */
const refreshMs = 500
const logStep = 50
const logMax = 500

let shown: { readonly kith: Kith; readonly close: () => void } | undefined

/** Opens the panel over the page; closes it where it is open. */
export const toggleDevtools = (kith: Kith): void => {
  const before = shown
  before?.close()
  if (before?.kith !== kith) shown = openDevtools(kith)
}

const openDevtools = (kith: Kith): { readonly kith: Kith; readonly close: () => void } => {
  const host = document.createElement('kith-devtools')
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  root.adoptedStyleSheets = [sheet]

  let current = views[0] as View<unknown>
  let space = ''
  let row = ''
  let logLength = logStep
  let rendered: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isLooking = false
  let isOver = false
  /** Counts looks: an answer that came too late is not shown. */
  let turn = 0

  const tabs = views.map((view) => {
    const tab = element('button', { role: 'tab', textContent: view.title })
    tab.addEventListener('click', () => show(view))
    return tab
  })
  const choice = element('select', { ariaLabel: 'Space' })
  choice.addEventListener('change', () => {
    space = choice.value
    logLength = logStep
    show(current)
  })
  const end = element('button', { ariaLabel: 'Close' }, '✕')
  end.addEventListener('click', () => close())
  const content = element('div', { role: 'tabpanel' })
  const section = element(
    'section',
    { ariaLabel: 'Kith devtools' },
    element('header', {}, element('strong', {}, 'Kith'), choice, element('div', { role: 'tablist' }, ...tabs), end),
    content,
  )
  root.append(section)
  document.body.append(host)

  const input = (): ViewInput => ({
    kith,
    space,
    logLength,
    moreLog: () => {
      logLength = Math.min(logMax, logLength + logStep)
      void look()
    },
    row,
    askRow: (id) => {
      row = id
      show(rowView)
    },
  })

  const offer = (spaces: readonly InspectedSpace[]): void => {
    if (!spaces.some(({ id }) => id === space))
      space = (spaces.find(({ kind }) => kind === 'app') ?? spaces[0])?.id ?? ''
    const options = spaces.map(({ id, name, app, kind }) =>
      element('option', { value: id, selected: id === space }, kind === 'home' ? `${name} (home)` : name || app),
    )
    choice.replaceChildren(...options)
  }

  const show = (view: View<unknown>): void => {
    current = view
    rendered = undefined
    for (const [at, tab] of tabs.entries()) tab.ariaSelected = String(views[at] === view)
    void look()
  }

  /** What is shown is told anew only where it has changed, so that whoever reads or selects is left in peace. */
  const look = async (): Promise<void> => {
    if (isOver) return
    isLooking = true
    const mine = (turn += 1)
    const isLate = (): boolean => isOver || mine !== turn
    const view = current
    try {
      const spaces = await kith.inspect.spaces()
      if (isLate()) return
      if (root.activeElement !== choice) offer(spaces)
      const asked = input()
      const data = await view.load(asked)
      const told = JSON.stringify([view.title, asked.space, asked.row, data])
      if (isLate() || told === rendered) return
      rendered = told
      content.replaceChildren(...view.render(data, asked))
    } catch (cause) {
      if (isLate()) return
      rendered = undefined
      const problem = element('p', { className: 'problem' }, cause instanceof Error ? cause.message : String(cause))
      content.replaceChildren(...(view === rowView ? view.render(undefined, input()) : []), problem)
    } finally {
      if (mine === turn) isLooking = false
    }
  }

  const changed = (): void => {
    // Somebody types there.
    if (current === rowView) return
    timer ??= setTimeout(() => {
      timer = undefined
      if (isLooking) changed()
      else void look()
    }, refreshMs)
  }
  const stops = [kith.liveSpaces({}, changed), kith.liveStatus(changed)]

  const close = (): void => {
    isOver = true
    clearTimeout(timer)
    for (const stop of stops) stop()
    host.remove()
    shown = undefined
  }

  show(current)
  return { kith, close }
}
