/** Where the files of stores lie in the origin's private file system, and how long they may be held by a worker that is just ending. */
export const storesFolder = 'kith'

/** A successor begins before the one before has ended. On a busy machine that takes seconds. */
export const busyMsMax = 15_000
/** Files may be held a moment longer than their lock. */
const retryMs = 50

/** Tries until nobody holds the files, or too long. */
export const untilFree = async <Result>(attempt: () => Promise<Result>): Promise<Result> => {
  for (const deadline = performance.now() + busyMsMax; ; ) {
    try {
      return await attempt()
    } catch (cause) {
      const isBusy = cause instanceof DOMException && cause.name === 'NoModificationAllowedError'
      if (!isBusy || performance.now() > deadline) throw cause
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}
