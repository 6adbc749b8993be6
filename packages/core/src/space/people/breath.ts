import type { Clock } from '../../ports/index.ts'

/** As in `sync/open-logs.ts`: longer than a frame, shorter than what anybody notices. */
const stretchMs = 20

/** For work over hundreds of spaces, each of which may have to be read from the disk: whoever waits for rows has his turn in between. */
export const createBreath = (clock: Clock): (() => Promise<void>) => {
  let sinceMs = clock.monotonic()
  return async () => {
    if (clock.monotonic() - sinceMs < stretchMs) return
    await new Promise<void>((resolve) => clock.soon(resolve))
    sinceMs = clock.monotonic()
  }
}
