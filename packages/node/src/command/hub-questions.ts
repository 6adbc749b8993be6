/** The questions of `kith hub` to somebody at a terminal who has said nothing yet: four at most. */
import { existsSync, writeFileSync } from 'node:fs'
import { hubAccesses } from '@kith/core/wire'
import { letsEncryptTerms } from '@kith/hub'
import { type Said, settingsFile } from './hub-settings.ts'
import { UsageError } from './output.ts'

/** Shows a question and resolves with the line that was typed. */
export type Ask = (question: string) => Promise<string>

/** Resolves with what was answered, and keeps it in a file, so that the next start asks nothing. */
export const askForSettings = async (ask: Ask, print: (text: string) => void): Promise<Said> => {
  const answer = async (question: string, usual: string): Promise<string> =>
    (await ask(`${question} [${usual}] `)).trim() || usual

  const said: Said = {}
  said.storage = await answer('Where shall the hub keep its data?', 'hub.db')
  print('Who shall reach it?')
  print('  1  programs on this machine alone')
  print('  2  everybody, through a proxy with TLS on this machine (Caddy, nginx)')
  print('  3  everybody, directly, with a certificate that you have')
  print('  4  everybody, directly, with a certificate that it gets by itself (port 443)')
  const who = await choose(answer, print, 4)
  if (who === '2') {
    said['proxy-header'] = 'x-forwarded-for'
    said.url = await answer('By which address will they reach it?', 'wss://hub.example.org')
  }
  if (who === '3') {
    said.host = '0.0.0.0'
    said.certificate = await answerFile(answer, print, 'The certificate file?', 'fullchain.pem')
    said.key = await answerFile(answer, print, 'The file of its key?', 'privkey.pem')
  }
  if (who === '4') {
    said.acme = await answer('By which name will they reach it?', 'hub.example.org')
    const terms = await answer(`Do you agree to the terms of Let’s Encrypt, ${letsEncryptTerms}? yes or no?`, 'no')
    if (!/^y(es)?$/i.test(terms)) throw new UsageError('Without that it gets no certificate. Take 2 or 3 instead.')
    said['acme-terms'] = 'agreed'
  }
  // Four questions are enough: with a certificate of its own, say --access.
  if (who === '2') {
    print('Who shall be able to keep things there?')
    print('  1  everybody')
    print('  2  whom you invite')
    print('  3  whom you invite, so much a month')
    said.access = hubAccesses[Number(await choose(answer, print, 3)) - 1] ?? 'open'
  }
  writeFileSync(settingsFile, `${JSON.stringify(said, undefined, 2)}\n`, { mode: 0o600 })
  print(`Written to ${settingsFile}; the next start asks nothing.\n`)
  return said
}

type Answer = (question: string, usual: string) => Promise<string>

const choose = async (answer: Answer, print: (text: string) => void, count: number): Promise<string> => {
  const choices = Array.from({ length: count }, (_, at) => String(at + 1))
  const question = `${choices.slice(0, -1).join(', ')} or ${count}?`
  for (;;) {
    const chosen = await answer(question, '1')
    if (choices.includes(chosen)) return chosen
    print(`"${chosen}" is none of them.`)
  }
}

const answerFile = async (
  answer: Answer,
  print: (text: string) => void,
  question: string,
  usual: string,
): Promise<string> => {
  for (;;) {
    const path = await answer(question, usual)
    if (existsSync(path)) return path
    print(`There is no file ${path}.`)
  }
}
