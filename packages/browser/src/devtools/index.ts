import type { Kith } from '@kith/core'

/**
 * Lets whoever uses the page open the devtools: by Ctrl+Shift+K, or at once where the page's address has `?kith`. Nothing of the panel is
 * loaded before. Gives back what it was given, so that it stands around `openKith(…)`.
 */
export const devtools = <K extends Kith | Promise<Kith>>(kith: K): K => {
  addEventListener('keydown', (event) => {
    if (!event.ctrlKey || !event.shiftKey || event.code !== 'KeyK') return
    event.preventDefault()
    open(kith)
  })
  if (new URLSearchParams(location.search).has('kith')) open(kith)
  return kith
}

const open = (kith: Kith | Promise<Kith>): void => {
  // Whoever opens the person hears why that failed; there is nothing to show then.
  Promise.all([kith, import('./panel.ts')]).then(
    ([opened, { toggleDevtools }]) => toggleDevtools(opened),
    () => {},
  )
}
