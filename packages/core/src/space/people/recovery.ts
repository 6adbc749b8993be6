import { concatBytes, encodeCbor, equalBytes, KithError, toBase32 } from '../../bytes/index.ts'
import { recoveryLogToPolicy, sealRecoveryRecord, secretOfLevel, secretsToLevel } from '../../keys/index.ts'
import { policyToBytes } from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import { loadPhrase, loadRecoveryLog } from '../identity.ts'
import type { Replica } from '../replica.ts'
import { entropyToPhrase, phraseToEntropy } from '../phrase.ts'
import { keepStanding } from '../standing.ts'
import type { PeopleApi, PeopleStatus } from './api.ts'
import type { OwnPerson } from './own-person.ts'

export type Recovery = Pick<PeopleApi, 'recoveryPhrase' | 'confirmRecoveryPhrase' | 'recoverySheet'> & {
  /** Brings the record in the recovery log up to date. */
  readonly keepRecord: () => void
  readonly status: () => PeopleStatus['recovery']
}

export const createRecovery = (engine: Engine, person: OwnPerson, replicaOf: () => Replica): Recovery => {
  const { statements, platform, personSpace, unit } = engine
  const { crypto } = platform
  const hubs = (): string[] => engine.hubs().map(({ url }) => url)
  const phrase = async (): Promise<string | undefined> => {
    const entropy = loadPhrase(statements, personSpace)
    return entropy && entropyToPhrase(entropy)
  }

  return {
    recoveryPhrase: phrase,
    confirmRecoveryPhrase: async (words) => {
      const typed = await phraseToEntropy(words)
      const entropy = loadPhrase(statements, personSpace)
      if (!entropy)
        throw new KithError(
          'not-found',
          'The phrase is not on this device: it was confirmed, or another device made it.',
        )
      if (!equalBytes(typed, entropy))
        throw new KithError(
          'bad-phrase',
          'That is a phrase, but not this person’s. Look at what you wrote down, and type it again.',
        )
      unit.commit()
      // What is deleted is overwritten, in the file and in the log beside it: that is the point.
      engine.database.exec('PRAGMA secure_delete = ON')
      unit.enter()
      statements("DELETE FROM secret WHERE space = ? AND name = 'phrase'").run(personSpace)
      await unit.durable()
      // Others may have begun to write meanwhile: the log is emptied between transactions only.
      unit.commit()
      engine.database.exec('PRAGMA secure_delete = OFF')
      engine.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    recoverySheet: async () => {
      const sheet = { phrase: await phrase(), address: toBase32(engine.person.address), hubs: hubs() }
      return { ...sheet, text: toText(sheet) }
    },
    keepRecord: () => {
      const log = loadRecoveryLog(statements, personSpace)
      const epoch = replicaOf().epochInUse()
      if (!log || !epoch || !person.isLive()) return
      const level = secretsToLevel(epoch.secrets)
      const secret = secretOfLevel(epoch.secrets, level)
      if (!secret) return
      const version = crypto.sha256(concatBytes(epoch.hash, encodeCbor(hubs())))
      const standing = {
        name: 'recovery',
        version,
        policy: policyToBytes(recoveryLogToPolicy(crypto, log)),
        seed: log.writeSeed,
      }
      keepStanding(engine, personSpace, standing, () =>
        sealRecoveryRecord(crypto, person.genesis().recovery.sealing, log, {
          person: engine.person.person,
          addressSeed: engine.person.addressKey.seed,
          hubs: hubs(),
          epoch: { hash: epoch.hash, level, secret },
          time: engine.clock.nowMs(),
        }),
      )
    },
    status: () => {
      const isConfirmed = loadPhrase(statements, personSpace) === undefined
      const warning =
        'The recovery phrase is not written down. Without it a lost device cannot be replaced, and whoever steals this one unlocked could lock you out. See recoverySheet().'
      return { isConfirmed, warning: isConfirmed ? undefined : warning }
    },
  }
}

const toText = ({
  phrase,
  address,
  hubs,
}: {
  phrase: string | undefined
  address: string
  hubs: readonly string[]
}): string => {
  const words = phrase?.split(' ').map((word, at) => `${String(at + 1).padStart(2)}. ${word}`)
  const lines = words ?? ['(The words were confirmed, and are on the sheet that you made then.)']
  return [
    'Kith recovery sheet',
    '',
    'Whoever has these words can be you. Keep this sheet where you keep your passport, and nowhere on a device.',
    '',
    ...lines,
    '',
    'Address',
    address,
    '',
    'Hubs',
    ...(hubs.length > 0 ? hubs : ['(none yet: print the sheet again when there is one)']),
    '',
  ].join('\n')
}
