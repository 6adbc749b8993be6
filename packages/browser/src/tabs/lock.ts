/** Holds a lock until the returned function is called, or the page or worker ends. Resolves when it is held. */
export const holdLock = async (name: string, signal?: AbortSignal): Promise<() => void> =>
  new Promise((resolve, reject) => {
    navigator.locks
      .request(name, signal ? { signal } : {}, () => new Promise<void>((unlock) => resolve(unlock)))
      .catch(reject)
  })

/** Resolves when nobody holds the lock any more, or when `signal` says that nobody cares. */
export const lockEnded = async (name: string, signal: AbortSignal): Promise<boolean> =>
  navigator.locks.request(name, { signal, mode: 'shared' }, () => true).catch(() => false)
