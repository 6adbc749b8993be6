import { KithError } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { encodeMinimum } from '../membership/index.ts'
import type { App } from '../schema/index.ts'
import type { AppVersions, SpaceStatus } from './status-api.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'
import { requireRank } from './roles.ts'

export const appVersions = (app: App, replica: Replica): AppVersions => ({
  own: app.version,
  published: replica.record().compiled.record.version,
  minimum: replica.membership.minimumVersion(),
})

export const needsUpdate = (app: App, replica: Replica): SpaceStatus['needsUpdate'] => {
  if (replica.isReadOnly()) return 'program'
  return app.version < replica.membership.minimumVersion() ? 'app' : undefined
}

/** @throws KithError `app-too-old`, `not-allowed` (the program is), where the space can only be read. */
export const checkVersion = (app: App, replica: Replica): void => {
  switch (needsUpdate(app, replica)) {
    case 'program':
      throw new KithError(
        'not-allowed',
        'The space has rules that this version does not know: it can be read, not written. Update this program.',
      )
    case 'app': {
      const minimum = replica.membership.minimumVersion()
      throw new KithError(
        'app-too-old',
        `The space asks for version ${minimum} of the app, this is version ${app.version}: it can be read, not written. Update the app.`,
        { minimum, own: app.version },
      )
    }
    default:
  }
}

/** @throws KithError `rank-too-low`, `bad-value`. */
export const requireVersion = (engine: Engine, app: App, replica: Replica, version: number): void => {
  requireRank(replica, 'admin', 'say which version of the app a space asks for')
  if (!Number.isSafeInteger(version) || version < 0 || version > app.version)
    throw new KithError('bad-value', `The version must be a whole number from 0 to this app's own, ${app.version}.`)
  if (version === replica.membership.minimumVersion()) return
  replica.writeMembership(kinds.minimum, encodeMinimum({ salt: engine.platform.crypto.randomBytes(16), version }))
}
