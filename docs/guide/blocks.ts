// The blocks of code in a page of the guide. All `ts` blocks of a page are one program, from top to bottom; comments, which
// readers do not see, say more:
//
//   <!-- code …    code that belongs there: what a reader has already, and what checks
//   <!-- runs -->  the next block is commands, run after the program in its folder
//
// `tsx` blocks are components, which are type-checked together with the program and not run with it. Blocks of no language, or of `text`, are
// what the program prints.
import assert from 'node:assert/strict'

export type Page = {
  /** TypeScript without components: to be run. */
  readonly program: string
  /** The same and the components: to be type-checked. */
  readonly withComponents: string
  readonly prints: string
  readonly commands: readonly string[]
}

export type Block = {
  /** '' where none is given. */
  readonly language: string
  readonly text: string
  /** The comment before it, if nothing but words stands between them. */
  readonly comment: string
}

/** An HTML comment, or a fenced block. */
const pieces = /^<!-- ?([\s\S]*?)-->|^```(\w*)\n([\s\S]*?)^```$/gm

/** The blocks of a page in order; the code in comments is a block of the language `code`. */
export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  let comment = ''
  for (const [, words, language = '', text = ''] of markdown.matchAll(pieces)) {
    if (words === undefined) blocks.push({ language, text, comment })
    else if (words.startsWith('code\n'))
      blocks.push({ language: 'code', text: words.slice('code\n'.length), comment: '' })
    comment = words?.startsWith('code\n') === false ? words.trim() : ''
  }
  return blocks
}

/** @throws AssertionError for a block that no test would look at. */
export function readPage(markdown: string): Page {
  const program: string[] = []
  const components: string[] = []
  const prints: string[] = []
  const commands: string[] = []
  for (const { language, text, comment } of readBlocks(markdown)) {
    if (language === 'ts' || language === 'code') program.push(text)
    else if (language === 'tsx') components.push(text)
    else if (language === '' || language === 'text') prints.push(text)
    else if (comment === 'runs') commands.push(...text.trim().split('\n'))
    else assert.fail(`nothing looks at this block:\n${text}`)
  }
  const end = 'export {}\n'
  return {
    program: [...program, end].join('\n'),
    withComponents: [...program, ...components, end].join('\n'),
    prints: prints.join(''),
    commands,
  }
}
