import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import { noBytes } from '../change/index.ts'
import type { EpochBody, Recipient } from './bodies/index.ts'
import type { Facts } from './facts.ts'
import type { Node } from './graph.ts'
import { createPast, hasAll, isIndexInPast, joinPasts, type Past, pastOfAny } from './past.ts'
import { type Level, levelDue, levelNumbers } from './rank.ts'
import type { Standing } from './standing.ts'
import type { Views } from './view.ts'

/** Which epochs are clean for a set of changes, and whom they missed (rule 14). */
export type Epochs = {
  /** Remembers whom a valid epoch record is sealed to: the list of its own past. */
  readonly add: (node: Node, recipients: readonly Recipient[]) => void
  readonly recipientsOf: (node: Node) => readonly Recipient[]
  readonly isClean: (node: Node, past?: Past) => boolean
  /** Somebody could not open what was sealed to him: it is no way to newer epochs either. */
  readonly isBroken: (node: Node, past?: Past) => boolean
  /** By hash. */
  readonly clean: (past?: Past) => Node[]
  /** The one to write under: the clean one with the lowest hash (rule 16). */
  readonly inUse: () => Node | undefined
  /** By person ascending. Of a broken one only those who said so, and whom no share has given it. */
  readonly missed: (node: Node) => ShareDue[]
  /** Everybody who was given a secret, with the level. */
  readonly sealedTo: (node: Node, past?: Past) => Sealed[]
  /** Those of them to whom it is not due by all that is here. */
  readonly notDue: (node: Node) => NotDue[]
  /** Forgets what it has worked out about all that is here. */
  readonly changed: () => void
}

/** Who is due a share of an epoch: `sealing` is the person's current key. */
export type ShareDue = { readonly person: Uint8Array; readonly level: Level; readonly sealing: Uint8Array }

export type Sealed = Recipient & { readonly isByShare: boolean }

/** Out: no member, open link or device any more. Level: a higher secret than due to the rank. Old key: one that a stolen device may have. */
export type NotDue = { readonly id: Uint8Array; readonly why: 'out' | 'level' | 'old key' }

export type EpochsOptions = {
  readonly facts: Facts
  readonly standing: Standing
  readonly views: Views
  readonly space: Uint8Array
}

export function createEpochs({ facts, standing, views, space }: EpochsOptions): Epochs {
  const lists = new Map<Node, readonly Recipient[]>()
  const shared = new Map<Node, readonly Recipient[]>()
  /** What lies in the past of any: somebody may start a thousand, and each is asked about after each change. */
  const superseded = createPast(0)
  /** The same of those of one past, which is asked about each of them. What a past holds never changes. */
  let former: { readonly past: Past; readonly superseded: Past } | undefined
  let cleanNow = new Map<Node, boolean>()

  const supersededIn = (past: Past | undefined): Past => {
    if (past === undefined) return superseded
    if (former?.past !== past) former = { past, superseded: pastOfAny(facts.epochs(past)) }
    return former.superseded
  }

  /** What a share sealed, to the keys that were current in its own past. */
  const shareToRecipients = (share: Node): readonly Recipient[] => {
    let list = shared.get(share)
    if (list === undefined) {
      const { content } = share
      const boxes = content.kind === 'share' ? content.body.boxes : []
      list = boxes.map(({ person, level }) => {
        const right = views.member(person, share.past)?.best
        return { id: person, level, sealing: right && views.recipientKey(person, right.tag, share.past) }
      })
      shared.set(share, list)
    }
    return list
  }

  const sealedTo: Epochs['sealedTo'] = (node, past) => [
    ...(lists.get(node) ?? []).map((recipient) => ({ ...recipient, isByShare: false })),
    ...facts
      .sharesOf(node.change.hash, past)
      .flatMap(shareToRecipients)
      .map((recipient) => ({ ...recipient, isByShare: true })),
    ...invitesSince(node, past),
  ]

  /** Links made under an epoch: its secret lies in their logs, so whoever holds one has it, joined or not. */
  const invitesSince = (node: Node, past: Past | undefined): Sealed[] =>
    facts.invites(past).flatMap((grant) => {
      const invite = facts.invite(grant)
      if (invite === undefined || !equalBytes(invite.epoch, node.change.hash)) return []
      const level = levelDue(invite.rank, nodeToHighest(node))
      return [{ id: grant.change.hash, level, sealing: undefined, isByShare: true }]
    })

  const whyNotDue = (recipient: Recipient, highest: Level, past: Past | undefined): NotDue['why'] | undefined => {
    const { members, invites, devices } = views.of(past)
    const person = facts.person(space)
    if (person !== undefined) {
      const isRecovery = equalBytes(recipient.id, person.recovery.signing)
      return isRecovery || devices().some(({ device }) => equalBytes(device, recipient.id)) ? undefined : 'out'
    }
    const key = toHex(recipient.id)
    const invite = invites.get(key)
    const rank = invite?.rank ?? members.get(key)?.best.rank
    if (rank === undefined) return 'out'
    if (levelNumbers[recipient.level] > levelNumbers[levelDue(rank, highest)]) return 'level'
    const { sealing } = recipient
    if (invite !== undefined || sealing === undefined) return undefined
    // Whoever stole a device has its old key.
    const isCurrent = (members.get(key)?.all ?? []).some(({ tag }) => {
      const current = views.recipientKey(recipient.id, tag, past)
      return current !== undefined && equalBytes(current, sealing)
    })
    return isCurrent ? undefined : 'old key'
  }

  /**
   * A superseded epoch is not clean, whomever it was sealed to itself: the newer record's links give its keys to everybody who has the
   * newer secret. (Rule 14 alone would return to it once somebody who joined later is removed, and he could read on.)
   */
  const isSuperseded = (node: Node, past: Past | undefined): boolean => isIndexInPast(supersededIn(past), node.index)

  const standingBroken = (node: Node, past?: Past): Node[] =>
    facts.brokenOf(node.change.hash, past).filter((broken) => standing.stands(broken, past))

  const isBroken: Epochs['isBroken'] = (node, past) => standingBroken(node, past).length > 0

  const judge = (node: Node, past: Past | undefined): boolean => {
    if (isSuperseded(node, past)) return false
    // Nothing has come since it began that could end what anybody was given: the usual case, and at no cost.
    if (hasAll(node.past, facts.unsettling(), past)) return true
    return (
      !isBroken(node, past) &&
      sealedTo(node, past).every((recipient) => whyNotDue(recipient, nodeToHighest(node), past) === undefined)
    )
  }

  const isClean: Epochs['isClean'] = (node, past) => {
    if (!facts.isApplied(node) || !lists.has(node)) return false
    if (past !== undefined) return judge(node, past)
    let known = cleanNow.get(node)
    if (known === undefined) cleanNow.set(node, (known = judge(node, undefined)))
    return known
  }

  const clean: Epochs['clean'] = (past) => facts.epochs(past).filter((node) => isClean(node, past))

  return {
    add: (node, recipients) => {
      lists.set(node, recipients)
      joinPasts(superseded, node.past)
    },
    recipientsOf: (node) => lists.get(node) ?? [],
    isClean,
    isBroken,
    clean,
    inUse: () => clean()[0],
    sealedTo,
    notDue: (node) =>
      sealedTo(node, undefined).flatMap((recipient) => {
        const why = whyNotDue(recipient, nodeToHighest(node), undefined)
        return why === undefined ? [] : [{ id: recipient.id, why }]
      }),
    missed: (node) => {
      const highest = nodeToHighest(node)
      const broken = standingBroken(node)
      const sayBroken = new Set(broken.map((said) => toHex(facts.authorOf(said)?.person.id ?? noBytes)))
      // The record's boxes are what they could not open.
      const sealed = sealedTo(node).filter(({ isByShare }) => isByShare || broken.length === 0)
      const given = Map.groupBy(sealed, ({ id }) => toHex(id))
      const due = [...views.of().members].flatMap(([key, { best }]): ShareDue[] => {
        if (broken.length > 0 && !sayBroken.has(key)) return []
        const sealing = views.recipientKey(best.person, best.tag)
        if (sealing === undefined) return []
        const level = levelDue(best.rank, highest)
        const hasIt = given
          .get(toHex(best.person))
          ?.some(
            (recipient) =>
              recipient.sealing !== undefined &&
              equalBytes(recipient.sealing, sealing) &&
              levelNumbers[recipient.level] >= levelNumbers[level],
          )
        return hasIt ? [] : [{ person: best.person, level, sealing }]
      })
      return due.sort((a, b) => compareBytes(a.person, b.person))
    },
    changed: () => {
      cleanNow = new Map()
    },
  }
}

/** The highest secret that an epoch has: a writer's has no admin secret. */
export function bodyToHighest({ commitments }: EpochBody): 'admin' | 'write' {
  return commitments.admin === undefined ? 'write' : 'admin'
}

function nodeToHighest({ content }: Node): Level {
  return content.kind === 'epoch' ? bodyToHighest(content.body) : 'read'
}
