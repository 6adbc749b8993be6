// What one TypeScript file imports and exports, read from its syntax tree.
import { parseSync, Visitor } from 'vite'

export type ModuleImport = {
  specifier: string
  line: number
  /** True when nothing of it is left at run time. */
  typeOnly: boolean
  /** Names taken by an import or re-export; '*' for all. */
  names: string[]
}

export type ModuleRecord = { imports: ModuleImport[]; exports: { name: string; line: number; typeOnly: boolean }[] }

/** The specifier of `import(name)`, where only running the program tells. */
export const computedName = '(computed)'

/** Throws for a file that is not valid TypeScript. */
export function readModule(path: string, source: string): ModuleRecord {
  const parsed = parseSync(path, source)
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`)
  const lineOf = (offset: number) => source.slice(0, offset).split('\n').length
  const record: ModuleRecord = { imports: [], exports: [] }

  for (const found of parsed.module.staticImports) {
    record.imports.push({
      specifier: found.moduleRequest.value,
      line: lineOf(found.start),
      typeOnly: found.entries.length > 0 && found.entries.every((entry) => entry.isType),
      names: found.entries.map(
        (entry) => entry.importName.name ?? (entry.importName.kind === 'Default' ? 'default' : '*'),
      ),
    })
  }
  for (const found of parsed.module.staticExports) {
    for (const entry of found.entries) {
      const line = lineOf(entry.start)
      if (entry.moduleRequest !== null) {
        const names = [entry.importName.name ?? '*']
        record.imports.push({ specifier: entry.moduleRequest.value, line, typeOnly: entry.isType, names })
      } else if (entry.exportName.name !== null) {
        record.exports.push({ name: entry.exportName.name, line, typeOnly: entry.isType })
      }
    }
  }
  const addLiteral = (node: { type: string; value?: unknown }, start: number, typeOnly: boolean) => {
    const specifier = node.type === 'Literal' && typeof node.value === 'string' ? node.value : computedName
    record.imports.push({ specifier, line: lineOf(start), typeOnly, names: ['*'] })
  }
  new Visitor({
    ImportExpression: (node) => addLiteral(node.source, node.start, false),
    TSImportType: (node) => addLiteral(node.source, node.start, true),
  }).visit(parsed.program)
  return record
}
