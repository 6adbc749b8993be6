import { utf8 } from '@kith/core/bytes'
import { same, Skipped } from '../expect.ts'
import { numbersOf, openLog, openWith, pull, pullItem, put, random } from '../logs.ts'
import type { Check } from '../suite.ts'

const smallBytesMax = 2048
/** From one neighbourhood within a second: no hub takes as many. */
const knocksMost = 300

export const kindChecks: readonly Check[] = [
  {
    name: 'knock-box',
    section: 'put',
    says: 'A log of the kind knock takes entries of at most 2 KiB on lane 2 alone, few from one neighbourhood of addresses; when it is full, the oldest entry of the neighbourhood that has the most there makes room.',
    async run({ connect, makeLog }) {
      const owner = await connect()
      const box = await makeLog(owner, 'knock')
      same((await put(owner, box, [random(10)], 0)).refused ?? 'taken', 'refused', 'a knock on lane 0')
      same(
        (await put(owner, box, [random(smallBytesMax + 1)])).refused ?? 'taken',
        'too-large',
        'a knock of 2 KiB and one byte',
      )
      same((await put(owner, box, [random(smallBytesMax)])).refused ?? 'taken', 'taken', 'a knock of 2 KiB')
      const stranger = await connect()
      same((await openWith(stranger, box, [])).rights, 2, 'rights of a stranger')
      same((await put(stranger, box, [random(100)])).numbers, [2], 'the number of a stranger’s knock')
      same((await pull(stranger, pullItem(box))).refused ?? 'granted', 'refused', 'a look into it by a stranger')
      same(numbersOf(await pull(owner, pullItem(box))), [1, 2], 'knocks that the owner finds')
    },
  },
  {
    name: 'knocks-are-few',
    section: 'put',
    says: 'Another lane of a knock box or a location is `refused`, a larger entry there `too-large`, one knock too many `slow-down`.',
    async run({ connect, makeLog, url }) {
      // A hub need not count whoever is on its own machine.
      if (/^(localhost|127\.|\[::1\])/.test(new URL(url).hostname))
        throw new Skipped('the hub is on this machine, and counts the knocks of others')
      const client = await connect()
      const box = await makeLog(client, 'knock')
      let refused: string | undefined
      for (let count = 0; refused === undefined && count < knocksMost; count += 1)
        refused = (await put(client, box, [utf8(`knock ${count}`)])).refused
      same(refused ?? 'taken', 'slow-down', `one of ${knocksMost} knocks`)
    },
  },
  {
    name: 'location',
    section: 'put',
    says: 'A log of the kind location takes small entries (2 KiB) on lane 2 alone, and keeps its last 4.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client, 'location')
      same((await put(client, log, [random(10)], 1)).refused ?? 'taken', 'refused', 'a record on lane 1')
      same(
        (await put(client, log, [random(smallBytesMax + 1)])).refused ?? 'taken',
        'too-large',
        'one of 2 KiB and one byte',
      )
      for (let at = 0; at < 6; at += 1) await put(client, log, [random(100)])
      same(numbersOf(await pull(client, pullItem(log))), [3, 4, 5, 6], 'what is there after six')
    },
  },
  {
    name: 'mailbox',
    section: 'Policies and log ids',
    says: 'Kinds: 0 space, 1 mailbox, 2 knock, 3 media, 4 location; they decide how long a hub keeps a log, not what messages mean.',
    async run({ connect, makeLog }) {
      const [owner, contact] = [await connect(), await connect()]
      const box = await makeLog(owner, 'mailbox')
      same((await openLog(contact, box, 'write')).rights, 2, 'rights of who may leave letters')
      // A new log may cost whoever makes it some work; what is there costs nobody any.
      await put(owner, box, [random(10)])
      const letter = random(5000)
      same((await put(contact, box, [letter])).numbers, [2], 'the letter’s number')
      same((await pull(contact, pullItem(box))).refused ?? 'granted', 'refused', 'a look into it by who left it')
      same((await pull(owner, pullItem(box))).entries[1]?.bytes, letter, 'what its owner finds')
      const media = await makeLog(owner, 'media')
      same((await put(owner, media, [letter], 3)).numbers, [1], 'a chunk of media')
    },
  },
]
