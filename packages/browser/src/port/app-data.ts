import { bytesToSchemaRecord, type App, type ColumnSpec, type Lens, lensesOf, type Table } from '@kith/core/schema'

/** An app as data. Its validators and lenses are functions: they stay, and run, in the page. */
export type AppData = {
  readonly recordBytes: Uint8Array
  readonly tables: { readonly [name: string]: Table }
}

/** Asks a page what a lens makes of older values; `lens` is its place among the table's. */
export type AskLens = (
  table: string,
  lens: number,
  ...parameters: Parameters<NonNullable<Lens['ask']>>
) => ReturnType<NonNullable<Lens['ask']>>

export const appToData = (app: App): AppData => ({
  recordBytes: app.recordBytes,
  tables: mapValues(app.tables, (declared) => ({
    columns: columnsToData(declared),
    options: declared.options,
    lenses: lensesOf(declared).map(({ from, to, code }) => ({ from, to, code })),
  })),
})

/** Columns without what runs in the page. */
export const columnsToData = ({ columns }: Table): Table['columns'] =>
  mapValues(columns, ({ spec }) => ({ spec: withoutValidator(spec) }))

/** The record is read as if a peer had sent it, so that it is exactly what `app()` makes. */
export const dataToApp = ({ recordBytes, tables }: AppData, askFor: (app: App) => AskLens): App => {
  const record = bytesToSchemaRecord(recordBytes)
  const app = { id: record.app, version: record.version, tables, record, recordBytes }
  const ask = askFor(app)
  const asking = mapValues(tables, (declared, name) => ({
    ...declared,
    lenses: lensesOf(declared).map((lens, at) => ({ ...lens, ask: (olds: readonly object[]) => ask(name, at, olds) })),
  }))
  return { ...app, tables: asking }
}

const withoutValidator = ({ validator: _, ...spec }: ColumnSpec): ColumnSpec => spec

const mapValues = <From, To>(
  object: Readonly<Record<string, From>>,
  change: (value: From, name: string) => To,
): { [name: string]: To } =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]))
