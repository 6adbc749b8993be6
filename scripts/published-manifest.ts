// The package.json that is published, made from the one that development uses.

export type SourceManifest = {
  name: string
  version: string
  exports: Record<string, string>
  bin?: Record<string, string>
  [field: string]: unknown
}

/** A package's name, by that of its folder: npm wants `create-…` for what `npm create` runs. */
export const publishedName = (folder: string): string => (folder.startsWith('create-') ? folder : `@kith/${folder}`)

/** Every `./src/x.ts` becomes `./x.js` with its types beside it: the package is published from its folder dist. */
export function toPublishedManifest(manifest: SourceManifest): Record<string, unknown> {
  const { exports, bin, devDependencies: _, scripts: __, private: ___, ...rest } = manifest
  const doors = Object.entries(exports).map(([door, path]) => {
    const javascript = toBuiltPath(path)
    return [door, { types: javascript.replace(/\.js$/, '.d.ts'), default: javascript }] as const
  })
  return {
    ...rest,
    engines: { node: '>=24' },
    exports: { ...Object.fromEntries(doors), './package.json': './package.json' },
    ...(bin === undefined
      ? {}
      : { bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, toBuiltPath(path)])) }),
  }
}

function toBuiltPath(path: string): string {
  const [, rest] = /^\.\/src\/(.+)\.tsx?$/.exec(path) ?? []
  if (rest === undefined) throw new Error(`package.json names ${path}: expected ./src/….ts`)
  return `./${rest}.js`
}
