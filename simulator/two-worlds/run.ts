import { type Case, isolations, type World } from './cases.ts'
import { createScene, type SceneOptions } from './scene.ts'
import { compareMarks, compareShapes, type Difference, toTranscript, type Transcript } from './transcript.ts'

/** All of a case but what it finds. */
export type Told = Pick<Case, 'isolation' | 'access' | 'seenBy' | 'chance' | 'tell'>

type Leaking = Pick<SceneOptions, 'leak' | 'leakWithin'>

/** So many tellings of one shape: that a byte is the same in all of them by chance is one in 16 million. */
const tellings = 4
/** Where chance decides the order of things (which of two logs comes first), more are told to have enough of one shape. */
const tellingsMax = 24

/**
 * Where the hub sees a difference; undefined where there is none. Each telling has the same chance in both worlds: what differs then
 * differs because of what the worlds differ in.
 */
export const compareCase = async (tested: Told, leaking: Leaking = {}): Promise<Difference | undefined> => {
  const shapes: { readonly left: Transcript[]; readonly right: Transcript[] }[] = []
  for (let n = 0; n < tellingsMax; n += 1) {
    const left = await tellOnce(tested, 'left', n, leaking)
    const right = await tellOnce(tested, 'right', n, leaking)
    const found = compareShapes(left, right)
    if (found) return found
    const alike = shapes.find((shape) => shape.left[0] && !compareShapes(shape.left[0], left))
    if (!alike) shapes.push({ left: [left], right: [right] })
    else if (alike.left.push(left) + alike.right.push(right) >= 2 * tellings)
      return compareMarks(alike.left, alike.right)
  }
  throw new Error(`Of ${tellingsMax} tellings no ${tellings} have one shape.`)
}

const tellOnce = async (
  { isolation, access, seenBy, chance = 'telling', tell }: Told,
  world: World,
  n: number,
  leaking: Leaking,
): Promise<Transcript> => {
  const scene = createScene(`${chance} ${n}`, { isolation: isolations[isolation], access, seenBy, ...leaking })
  try {
    await tell(scene, world)
    return toTranscript(scene.events)
  } finally {
    await scene.close()
  }
}
