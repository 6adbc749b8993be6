import type { Annals } from './annals.ts'
import type { SimDevice } from './device.ts'
import type { Ledger } from './ledger.ts'
import { difference, showDevice, showHeld } from './state.ts'
import type { World } from './world.ts'

/** A promise that is not kept. */
export type Broken = { readonly promise: string; readonly detail: string }

/** What a member's device shows of the space. */
export type View = {
  readonly device: SimDevice
  readonly shown: readonly string[]
  readonly held: readonly string[]
  readonly isReader: boolean
  /** Tasks, with what is typed in them. */
  readonly rows: ReadonlyMap<string, string>
}

export const viewAll = async (world: World, devices: readonly SimDevice[]): Promise<View[]> => {
  const views: View[] = []
  for (const device of devices) {
    // One after another: each moves virtual time a little.
    const seen = await world.timeline.until(viewDevice(device), 1000)
    if (seen && 'value' in seen) views.push(seen.value)
    else world.violate('no defect', `${device.name} cannot be read: ${String(seen?.error)}`)
  }
  return views
}

const viewDevice = async (device: SimDevice): Promise<View> => {
  const home = device.home()
  const members = (await home?.members()) ?? []
  const tasks = (await home?.query((q) => q.selectFrom('tasks').select(['id', 'notes']))) ?? []
  return {
    device,
    shown: await showDevice(device),
    held: await showHeld(device),
    isReader: members.some(({ address, rank }) => address === device.address() && rank === 'reader'),
    rows: new Map(tasks.map(({ id, notes }) => [id, notes])),
  }
}

/**
 * What those members have who may write at hubs comes to all, unless a removal has cut it off; who has the same of that shows the same, and who has the same
 * of everything holds the same back. A reader's device cannot bring to a hub what nobody else has any more (rule 19): so it may show more than others.
 */
export const findDifferences = (annals: Annals, forged: ReadonlySet<string>, views: readonly View[]): Broken[] => {
  const found: Broken[] = []
  const standingOf = ({ device }: View): string[] =>
    [...annals.has(device)].filter((hash) => annals.isContent(hash) && !annals.isCutOff(hash)).sort()
  const standing = new Map(views.map((view) => [view, standingOf(view)]))
  const owed = new Set(views.flatMap((view) => (view.isReader ? [] : (standing.get(view) ?? []))))
  for (const hash of forged) owed.delete(hash)
  const alike = new Map<string, View>()
  const compare = (promise: string, name: string, view: View, lines: (of: View) => readonly string[]): void => {
    const first = alike.get(name) ?? view
    alike.set(name, first)
    const differs = difference(lines(first), lines(view))
    if (differs) found.push({ promise, detail: `${first.device.name} and ${view.device.name}:\n${differs}` })
  }
  for (const view of views) {
    const has = standing.get(view) ?? []
    const missing = [...owed].filter((hash) => !has.includes(hash))
    if (missing.length > 0)
      found.push({ promise: 'all reach all', detail: `${view.device.name} lacks ${missing.join(' ')}` })
    compare('convergence', `shows ${has.join()}`, view, ({ shown }) => shown)
    compare('the same held back', `has ${[...annals.has(view.device)].sort().join()}`, view, ({ held }) => held)
  }
  return found
}

/** Nothing acknowledged is lost that no removal has cut off, and that not readers alone have: they cannot bring it to a hub that lost it. */
export const findLost = (
  annals: Annals,
  ledger: Ledger,
  forged: ReadonlySet<string>,
  views: readonly View[],
): Broken[] => {
  const writers = views.filter(({ isReader }) => !isReader)
  const canBeBrought = (hash: string): boolean => writers.some(({ device }) => annals.has(device).has(hash))
  /** A thief's copy of what somebody typed owes nobody anything. */
  const isOwed = (changes: readonly string[]): boolean => {
    const own = changes.filter((hash) => !forged.has(hash))
    return own.length === 0 || own.some((hash) => !annals.isCutOff(hash) && canBeBrought(hash))
  }
  const rows = ledger.rows().filter(({ id }) => {
    const makers = annals.ofRow(id)
    // Whoever has a device's key can make a twin of its rows, and neither counts (decision 0023).
    return isOwed(makers) && makers.filter((hash) => !annals.isCutOff(hash)).length <= 1
  })
  const chars = ledger.chars().filter(({ id, char }) => isOwed(annals.ofChar(id, char)))
  return views.flatMap(({ device, rows: here }) => {
    const lostRows = rows.filter(({ id }) => !here.has(id))
    const lostChars = chars.filter(({ id, char }) => here.get(id)?.includes(char) === false)
    return [
      ...lostRows.map(({ id, device: author, atMs }) => `${device.name} lacks row ${id} of ${author} at ${atMs}`),
      ...lostChars.map(({ id, char, device: author }) => `${device.name} lacks ${char} of ${author} in ${id}`),
    ].map((detail) => ({ promise: 'nothing lost', detail }))
  })
}

/** What somebody wrote whom the founder removed, and the founder did not have, shows nowhere. */
export const findEffects = (annals: Annals, views: readonly View[]): Broken[] => {
  const isBanished = (changes: readonly string[]): boolean => changes.length > 0 && changes.every(annals.isBanished)
  return views
    .flatMap(({ device, rows }) =>
      [...rows].flatMap(([id, notes]) => [
        ...(isBanished(annals.ofRow(id)) ? [`${device.name} shows row ${id}`] : []),
        ...Array.from(notes).flatMap((char) =>
          isBanished(annals.ofChar(id, char)) ? [`${device.name} shows ${char} in ${id}`] : [],
        ),
      ]),
    )
    .map((detail) => ({ promise: 'no unauthorised effect', detail }))
}
