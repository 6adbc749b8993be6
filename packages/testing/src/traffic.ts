import type { WireTrace } from './simulation/index.ts'

/** Frames up to this size say that somebody is still there. */
const pingBytesMax = 16

/** Counts what goes over the wires, but for what only keeps a connection alive. */
export const createTraffic = (): WireTrace & { readonly count: () => number } => {
  let frames = 0
  return {
    note: () => {},
    noteBytes: (_what, bytes) => {
      if (bytes.length > pingBytesMax) frames += 1
    },
    count: () => frames,
  }
}
