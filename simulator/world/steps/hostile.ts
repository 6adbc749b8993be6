import type { Step } from '../../shared/script.ts'
import { deeds } from '../attackers/deeds.ts'
import { rob } from '../attackers/thief.ts'
import { type Acts, chosen, devicesAtHome, type World } from '../world.ts'

/** Somebody copies a device's disk, or is its owner and takes the keys out of the program. It goes on as if nothing had happened. */
const steal = (world: World, { who }: Step): void => {
  // Whoever has the founder's keys may do anything at all: then nothing is promised to anybody.
  const device = chosen(
    devicesAtHome(world).filter(({ person }) => person !== 0),
    who,
  )
  const thief = device && rob(world, device)
  if (!thief) return
  world.thieves.push(thief)
  world.count('steal')
}

/** He does with the keys what he likes, whatever has become of his membership since. */
const strike = (world: World, { who, what }: Step): void => {
  const thief = chosen(world.thieves, who)
  const deed = chosen(deeds, what)
  if (!thief || !deed) return
  deed(thief)
  world.count(`strike: ${deed.name}`)
}

/** He says that packs hold what lies in none, so that who comes later does not read it. */
const lie = (world: World, { who, what }: Step): void => {
  const thief = chosen(world.thieves, who)
  const epoch = thief && chosen(thief.epochs, what)
  if (!thief || !epoch) return
  thief.claim(epoch)
  world.count('lie')
}

export const hostile: Acts = {
  lie: { weight: 1.5, act: lie },
  steal: { weight: 2.5, act: steal },
  strike: { weight: 8, act: strike },
}
