import { bytesToSchemaRecord, type App, type ColumnSpec, type Table } from '@kith/core/schema'

/** An app as data. Its validators are functions: they stay, and run, in the page. */
export type AppData = {
  readonly recordBytes: Uint8Array
  readonly tables: { readonly [name: string]: Table }
}

export const appToData = (app: App): AppData => ({
  recordBytes: app.recordBytes,
  tables: mapValues(app.tables, ({ columns, options }) => ({
    columns: mapValues(columns, ({ spec }) => ({ spec: withoutValidator(spec) })),
    options,
  })),
})

/** The record is read as if a peer had sent it, so that it is exactly what `app()` makes. */
export const dataToApp = ({ recordBytes, tables }: AppData): App => {
  const record = bytesToSchemaRecord(recordBytes)
  return { id: record.app, version: record.version, tables, record, recordBytes }
}

const withoutValidator = ({ validator: _, ...spec }: ColumnSpec): ColumnSpec => spec

const mapValues = <From, To>(
  object: Readonly<Record<string, From>>,
  change: (value: From) => To,
): { [name: string]: To } => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
