import { hash } from 'node:crypto'

/** Seeded chance. Each part of a world has dice of its own, so that what one part draws does not move the others. */
export type Dice = {
  /** A whole number from 0 to below `below`. */
  readonly roll: (below: number) => number
  /** From `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number
  readonly chance: (share: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
  readonly shuffle: <T>(list: readonly T[]) => T[]
}

export const createDice = (seed: string): Dice => {
  const start = hash('sha256', seed, 'buffer')
  let [a, b, c, counter] = [start.readUInt32LE(0), start.readUInt32LE(4), start.readUInt32LE(8), 1]
  /** sfc32 (Doty-Humphrey, PractRand): 32 bits, fast, no short cycles for any seed. */
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let warm = 0; warm < 12; warm += 1) next()
  const roll = (below: number): number => (below <= 1 ? 0 : next() % below)
  return {
    roll,
    between: (least, most) => least + roll(most - least + 1),
    chance: (share) => next() < share * 2 ** 32,
    pick: (list) => list[roll(list.length)] as never,
    shuffle: (list) => {
      const mixed = [...list]
      for (let at = mixed.length - 1; at > 0; at -= 1) {
        const other = roll(at + 1)
        ;[mixed[at], mixed[other]] = [mixed[other] as never, mixed[at] as never]
      }
      return mixed
    },
  }
}

/** `length` bytes that follow from a seed and the number of the call: what stands for the operating system's generator. */
export const createSeededBytes = (seed: string): ((length: number) => Uint8Array) => {
  let calls = 0
  return (length) => {
    calls += 1
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = hash('sha256', `${seed}/${calls}/${at}`, 'buffer')
      bytes.set(block.subarray(0, Math.min(32, length - at)), at)
    }
    return bytes
  }
}
