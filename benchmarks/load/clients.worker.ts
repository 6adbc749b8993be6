import { setPriority } from 'node:os'
import { answerRequests } from '../processes.ts'
import { type Attack, type AttackName, attacks } from './attacks.ts'
import { type Crowd, createCrowd } from './crowd.ts'
import { type FlowOptions, runBare, runEntries, runSignals } from './flows.ts'
import { type Watch, watchMember } from './member.ts'
import { raisePriority } from './priority.ts'
import { createReturningPerson, type Person } from './reconnect.ts'

let crowd: Crowd | undefined
let returning: ReturnType<Crowd['comeBack']> | undefined
let person: Person | undefined
let watch: Watch | undefined
let attack: Attack | undefined

const there = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('Not begun.')
  return value
}

answerRequests({
  entries: (options: FlowOptions & { perPut: number }) => runEntries(options),
  signals: (options: FlowOptions) => runSignals(options),
  bare: (options: FlowOptions & { isBack: boolean }) => runBare(options),
  grow: async ({ url, count, isAway }: { url: string; count: number; isAway: boolean }) => {
    crowd ??= createCrowd(url, { isAway })
    await crowd.grow(count)
  },
  expectEnd: () => {
    returning = there(crowd).comeBack()
  },
  isBack: () => there(returning),
  rush: () => there(crowd).rush(),
  disperse: () => {
    crowd?.close()
    crowd = undefined
  },
  person: async ({ url, logs }: { url: string; logs: number }) => {
    person = await createReturningPerson(url, logs)
  },
  reconnect: () => there(person).reconnect(),
  watch: async ({ url, from }: { url: string; from: string }) => {
    watch = await watchMember(url, from)
  },
  watched: () => there(watch).end(),
  attack: async ({ name, url, port }: { name: AttackName; url: string; port: number }) => {
    // Attackers have processors of their own, not half of the hub's.
    setPriority(19)
    attack = await attacks[name]({ url, port })
  },
  hurry: raisePriority,
  attacked: () => there(attack).end(),
})
process.once('SIGTERM', () => process.exit(0))
