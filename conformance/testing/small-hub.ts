/** For the suite's own test: a metered hub with limits small enough to be reached, in a process of its own. Says where it is and an invite. */
import { startHub } from '@kith/hub'

const hub = await startHub({
  storage: process.argv[2] ?? ':memory:',
  access: { access: 'metered', work: 'always', workBits: 8 },
  limits: { logBytesMax: 2 ** 21, logsPerConnectionMax: 600 },
})
process.send!({ url: hub.url, invite: (await hub.members.invite()).secret })
