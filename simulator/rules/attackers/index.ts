import { backdatedContent, forkedChain, oldKeys, oldRules } from './content.ts'
import { falseKeys, foreignRevocation, greedyAdmission, steal, stolenDevice } from './devices.ts'
import { falseBroken, falseEpoch, falseShare, greedyEpoch, manyEpochs } from './epochs.ts'
import { hostileRemoval, revenge } from './removals.ts'
import { replay } from './replays.ts'
import {
  borrowedAdmission,
  falseMinimum,
  falseRecovery,
  falseSchema,
  flood,
  foreignGrant,
  forgedGrant,
  forgedJoin,
  hostileInvite,
  keptLink,
  unknownDeps,
  unknownKind,
} from './rights.ts'
import type { Acts } from '../honest/act.ts'

export const hostile: Acts = {
  backdatedContent: { weight: 6, act: backdatedContent },
  forkedChain: { weight: 3, act: forkedChain },
  oldKeys: { weight: 3, act: oldKeys },
  unknownDeps: { weight: 1, act: unknownDeps },
  forgedGrant: { weight: 4, act: forgedGrant },
  foreignGrant: { weight: 2, act: foreignGrant },
  hostileRemoval: { weight: 7, act: hostileRemoval },
  revenge: { weight: 8, act: revenge },
  borrowedAdmission: { weight: 2, act: borrowedAdmission },
  greedyEpoch: { weight: 6, act: greedyEpoch },
  falseEpoch: { weight: 3, act: falseEpoch },
  falseShare: { weight: 2, act: falseShare },
  falseBroken: { weight: 2, act: falseBroken },
  keptLink: { weight: 5, act: keptLink },
  forgedJoin: { weight: 3, act: forgedJoin },
  foreignRevocation: { weight: 2.5, act: foreignRevocation },
  hostileInvite: { weight: 1, act: hostileInvite },
  unknownKind: { weight: 2, act: unknownKind },
  falseSchema: { weight: 2, act: falseSchema },
  stolenDevice: { weight: 3, act: stolenDevice },
  greedyAdmission: { weight: 1.5, act: greedyAdmission },
  falseKeys: { weight: 1.5, act: falseKeys },
  steal: { weight: 1, act: steal },
  replay: { weight: 3, act: replay },
  oldRules: { weight: 2, act: oldRules },
  manyEpochs: { weight: 0.15, act: manyEpochs },
  falseRecovery: { weight: 1, act: falseRecovery },
  falseMinimum: { weight: 1.5, act: falseMinimum },
  flood: { weight: 0.3, act: flood },
}
