import { isTokenModulus, type WorkChallenge } from '@kith/core/wire'
import { expect, same, Skipped } from '../expect.ts'
import { createLog, openLog, pull, pullItem, put, random } from '../logs.ts'
import { askTerms, blindToken, doWork, issue, join, pay } from '../membership.ts'
import type { Check } from '../suite.ts'

const section = 'Who may make logs: terms, join, issue, pay'

export const accessChecks: readonly Check[] = [
  {
    name: 'terms',
    section,
    says: '**terms** may be asked by anybody at any time.',
    async run({ connect }) {
      const client = await connect()
      const unopened = createLog()
      const { terms, results } = await askTerms(client, [unopened])
      same(results[0]?.refused ?? 'told', 'refused', 'a challenge for a log that is not open')
      if (terms.access === 'open') {
        same(
          [terms.keys.length, terms.tokensPerPeriod, terms.roomBytes],
          [0, 0, 0],
          'keys, tokens and room of an open hub',
        )
        return
      }
      const [first] = terms.keys
      expect(first !== undefined && terms.tokensPerPeriod > 0 && terms.roomBytes > 0, 'no key, tokens or room')
      for (const { modulus, closesMs, endsMs } of terms.keys) {
        expect(isTokenModulus(modulus), 'a modulus is not of RSA-2048')
        expect(closesMs < endsMs, 'a key ends before it stops issuing')
      }
      expect(first.closesMs > client.hello.timeMs, 'the first key does not issue any more')
    },
  },
  {
    name: 'one-set-of-keys',
    section,
    says: 'a client takes no token under a key that it was not also told on a connection where it had shown nothing',
    async run({ connect, terms }) {
      if (terms.access === 'open') throw new Skipped('everybody makes logs at this hub: it has no keys')
      const moduli = []
      for (let count = 0; count < 3; count += 1) {
        const told = await askTerms(await connect())
        moduli.push(told.terms.keys.map(({ modulus }) => modulus))
      }
      same(moduli[1], moduli[0], 'keys that were told on a second connection')
      same(moduli[2], moduli[0], 'keys that were told on a third connection')
    },
  },
  {
    name: 'join-by-a-wrong-code',
    section,
    says: 'The same code and key again are answered alike; all else is `refused`.',
    async run({ connect, member }) {
      const client = await connect()
      const stranger = { code: random(16), seed: random(32) }
      same((await join(client, stranger)).refused ?? 'done', 'refused', 'a code that is no invite')
      if (member === undefined) return
      same((await join(client, member)).refused ?? 'done', 'done', 'the invite’s code and key again')
      const thief = { code: member.code, seed: random(32) }
      same((await join(await connect(), thief)).refused ?? 'done', 'refused', 'the invite’s code with another key')
    },
  },
  {
    name: 'issue-to-strangers',
    section,
    says: "A member is whoever has used an invite of the operator's, by an Ed25519 key made for this hub alone.",
    async run({ connect, terms }) {
      const [key] = terms.keys
      if (key === undefined) throw new Skipped('everybody makes logs at this hub: it issues no tokens')
      const client = await connect()
      const [result] = await issue(client, random(32), [(await blindToken(client, key)).request])
      same(result?.refused ?? 'issued', 'refused', 'a token for who is no member')
    },
  },
  {
    name: 'issue-again',
    section,
    says: 'All are counted, durably, before one is signed: a request whose answer was lost is asked again with the same bytes, and is not counted twice.',
    async run({ connect, terms, member }) {
      const [key] = terms.keys
      if (key === undefined) throw new Skipped('everybody makes logs at this hub: it issues no tokens')
      if (member === undefined) throw new Skipped(`the hub is ${terms.access}: give --invite to try this`)
      const client = await connect()
      const blind = await blindToken(client, key)
      const [first] = await issue(client, member.seed, [blind.request])
      if (first?.refused === 'tokens-used-up')
        throw new Skipped('the tokens of the invite’s member are used up for now')
      const [again] = await issue(await connect(), member.seed, [blind.request])
      same(again?.signature, first?.signature, 'the signature of the same request')
      expect((await blind.finish(first!.signature!)) !== undefined, 'the signature is not by the key that the hub told')
    },
  },
  {
    name: 'token-needed',
    section,
    says: 'A put beyond it is refused with `token-needed`, and leaves nothing behind.',
    async run({ connect, terms }) {
      if (terms.access === 'open') throw new Skipped('everybody makes logs at this hub')
      const client = await connect()
      const log = createLog()
      await openLog(client, log)
      same(
        (await put(client, log, [random(20)])).refused ?? 'taken',
        'token-needed',
        'the first put to a log without a token',
      )
      same((await pull(client, pullItem(log))).news, false, 'news of the log')
    },
  },
  {
    name: 'pay-by-token',
    section,
    says: "Each fresh one then adds to the log's room, **in the transaction in which its nonce is kept as spent**; if one was spent before: `token-spent`, though the others count.",
    async run({ connect, fetchToken }) {
      const token = await fetchToken()
      const client = await connect()
      const [log, second] = [createLog(), createLog()]
      for (const one of [log, second]) await openLog(client, one)
      same((await pay(client, log, [token])).done, true, 'a fresh token')
      same((await put(client, log, [random(20)])).numbers, [1], 'a put with it')
      same((await pay(client, second, [token])).refused ?? 'done', 'token-spent', 'the same token for another log')
      same((await put(client, second, [random(20)])).refused ?? 'taken', 'token-needed', 'a put to that')
    },
  },
  {
    name: 'token-invalid',
    section,
    says: 'Tokens are checked before any is taken: one that is forged, of another hub or under a key that has ended refuses the item with `token-invalid`.',
    async run({ connect, fetchToken, terms }) {
      if (terms.access === 'open') throw new Skipped('everybody makes logs at this hub: it takes no tokens')
      const client = await connect()
      const log = createLog()
      await openLog(client, log)
      const forged = random(354)
      forged.set([0, 2])
      same((await pay(client, log, [forged])).refused ?? 'done', 'token-invalid', 'a forged token')
      const token = await fetchToken()
      const altered = token.map((byte, at) => (at === 10 ? byte ^ 1 : byte))
      same(
        (await pay(client, log, [token, altered])).refused ?? 'done',
        'token-invalid',
        'a good token beside an altered one',
      )
      same((await pay(client, log, [token])).done, true, 'the good one afterwards: it was not taken')
    },
  },
  {
    name: 'pay-needs-an-open-log',
    section,
    says: 'for a log that is open on this connection, whatever the right.',
    async run({ connect }) {
      same(
        (await pay(await connect(), createLog(), [])).refused ?? 'done',
        'refused',
        'a pay for a log that is not open',
      )
    },
  },
  {
    name: 'work',
    section,
    says: 'The work is a nonce of 8 bytes such that SHA-256("kith/1 work" ‖ 0 ‖ seed ‖ nonce) begins with that many zero bits; after a `pay` with it the first put on that connection is taken.',
    async run({ connect }) {
      const client = await connect()
      const log = createLog('mailbox')
      await openLog(client, log)
      const { results } = await askTerms(client, [log])
      if (results[0]?.refused !== undefined) throw new Skipped('a new mailbox costs no work at this hub now')
      const challenge = results[0] as WorkChallenge
      same((await put(client, log, [random(20)])).refused ?? 'taken', 'work-needed', 'a first put without work')
      const work = doWork(challenge)
      const foreign = createLog('mailbox')
      await openLog(client, foreign)
      same(
        (await pay(client, foreign, [], [work])).refused ?? 'done',
        'work-needed',
        'work that was done for another log',
      )
      same((await pay(client, log, [], [{ ...work, bits: 1 }])).refused ?? 'done', 'work-needed', 'work of fewer bits')
      same((await pay(client, log, [], [work])).done, true, 'the work')
      same((await put(client, log, [random(20)])).numbers, [1], 'the first put after it')
    },
  },
]
