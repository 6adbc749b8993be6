import { KithError, type Space } from '@kith/core'
import type { SimApp } from '../app.ts'
import type { SimDevice } from '../device.ts'
import type { World } from '../world.ts'

/** A device to write on, its space, and what became of a question to it. */
export const ask = <T>(
  world: World,
  device: SimDevice,
  what: string,
  question: (home: Space<SimApp>) => Promise<T>,
  answered: (answer: T) => void = () => {},
): void => {
  const home = device.home()
  if (!home) return
  const life = device.life()
  question(home).then(
    (answer) => {
      // A crash between the answer and us: people have seen nothing.
      if (device.life() !== life || !device.isOn()) return
      world.count(what)
      world.trace.note(`${world.timeline.now()} ${device.name} ${what} done`)
      answered(answer)
    },
    (cause: unknown) => {
      if (device.life() !== life || !device.isOn()) return
      if (!(cause instanceof KithError)) {
        world.violate('no defect', cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
        return
      }
      world.count(`${what}: ${cause.code}`)
      world.trace.note(`${world.timeline.now()} ${device.name} ${what} ${cause.code}`)
    },
  )
}
