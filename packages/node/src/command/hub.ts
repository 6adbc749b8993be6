import { createInterface } from 'node:readline/promises'
import { backupHub, beginGeneration, restoreHub, takeHubBucket } from './hub-backup.ts'
import { examineHub } from './hub-doctor.ts'
import { inviteMember, listMembers, removeMember } from './hub-members.ts'
import { askForSettings } from './hub-questions.ts'
import { serveHub } from './hub-serve.ts'
import { readSaid, toSettings } from './hub-settings.ts'
import { type Command, type Output, UsageError } from './output.ts'

/** `kith hub`: runs until a signal asks it to end, then closes in order. `doctor`, `backup` and `restore` look after one. */
export const runHub: Command = async (parameters, output) => {
  const { said, isEmpty, positionals } = readSaid(parameters, process.env)
  const [what, folder, ...more] = positionals
  if (more.length > 0) throw new UsageError(`What is "${more[0]}"?`)
  switch (what) {
    case undefined: {
      const isTerminal = process.stdin.isTTY && output.columns !== undefined
      const settings = toSettings(isEmpty && isTerminal ? await askAtTerminal(output) : said)
      const hub = await serveHub(settings, output)
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
      })
      await hub.close()
      return 0
    }
    case 'doctor':
      return (await examineHub(toSettings(said), output)) ? 0 : 1
    case 'backup':
      if (folder === undefined) throw new UsageError('Say: kith hub backup FOLDER.')
      await backupHub(toSettings(said), folder, output)
      return 0
    case 'restore':
      if (folder === undefined) throw new UsageError('Say: kith hub restore FOLDER.')
      restoreHub(toSettings(said), folder, output)
      return 0
    case 'invite':
      await inviteMember(toSettings(said), output)
      return 0
    case 'members':
      await listMembers(toSettings(said), output)
      return 0
    case 'remove':
      if (folder === undefined) throw new UsageError('Say: kith hub remove NUMBER.')
      await removeMember(toSettings(said), folder, output)
      return 0
    case 'new-generation':
      await beginGeneration(toSettings(said), output)
      return 0
    case 'take-bucket':
      await takeHubBucket(toSettings(said), output)
      return 0
    default:
      throw new UsageError(`A hub has no command "${what}".`)
  }
}

const askAtTerminal = async (output: Output) => {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return await askForSettings((question) => lines.question(question), output.print)
  } finally {
    lines.close()
  }
}
