import type { Product } from './product.ts'

/** The products in the order of the table: a name is the name of a file, of this folder or of `peers/`. */
export const productNames = ['kith', 'sqlite', 'relay', 'evolu', 'jazz', 'yjs', 'automerge', 'pouchdb'] as const
export type ProductName = (typeof productNames)[number]

/** Those that need no package but the project's own. */
const own: ReadonlySet<ProductName> = new Set(['kith', 'sqlite', 'relay'])
export const isPeer = (name: ProductName): boolean => !own.has(name)

/** By a path that the type checker does not follow: the peers' packages are installed only when they are asked for. */
export const loadProduct = async (name: ProductName): Promise<Product> => {
  const path = isPeer(name) ? `../peers/${name}.ts` : `./${name}.ts`
  return ((await import(path)) as { product: Product }).product
}
