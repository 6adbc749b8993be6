// A plugin of typedoc: a page is called as its package is imported, and begins with what the package says of itself.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Comment, Converter, ReflectionKind } from 'typedoc'

const root = join(import.meta.dirname, '..', '..')

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      // `editors/src/tiptap` is imported as `@kith/editors/tiptap`.
      const [folder, door = ''] = module.name.split(/\/src(?=\/|$)/)
      const { name, description } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
      module.name = `${name}${door}`
      module.comment = new Comment([{ kind: 'text', text: description }])
    }
  })
}
