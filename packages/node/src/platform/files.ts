import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Files } from '@kith/core/ports'

/** The file system. */
export const createNodeFiles = (): Files => ({
  read: (path) => readFile(path),
  write: async (path, bytes) => {
    const whole = `${path}.part`
    await writeFile(whole, bytes, { flush: true })
    await rename(whole, path)
  },
})
