/**
 * What a product must do for the workloads: one interface, an adapter each. The workloads know nothing else of a product, and an
 * adapter knows nothing of the workloads; so what is measured is the same work.
 */

/** A record of the workloads: `JSON.stringify` of one has 128 ± 15 characters. `due`: milliseconds. */
export type PlainRecord = { title: string; note: string; done: boolean; points: number; due: number }

export type Traits = {
  /** Who can read the data: `end to end` means that the server cannot. */
  readonly encryption: string
  /** What can be asked of the records on a device. */
  readonly queries: string
  readonly permissions: string
  /** What a write that has resolved outlives. */
  readonly durability: string
}

export type Product = {
  readonly title: string
  /** npm packages whose versions belong to the numbers. */
  readonly packages: readonly string[]
  readonly traits: Traits
  /** What it lacks for a workload, with the reason; the workload is then left out. */
  readonly lacks?: Partial<Record<'client' | 'server', string>>
  /** Starts its server on 127.0.0.1, with its data in `folder`; port 0: a free one. */
  readonly startServer: (folder: string, port: number) => Promise<ProductServer>
  readonly openClient: (options: ClientOptions) => Promise<ProductClient>
  /** A connection as a device has it that does nothing at the moment; `link` says of which data. */
  readonly connectIdle: (url: string, link: string) => Promise<unknown>
}

export type ClientOptions = { readonly folder: string; readonly url: string; readonly name: string }

export type ProductServer = {
  readonly url: string
  /** Has on disk what it acknowledged. */
  readonly close: () => Promise<void>
}

export type ProductClient = {
  /** Makes an empty collection of records that others can join by the link that it returns. */
  readonly create: () => Promise<string>
  /** Joins it; returns before the records are here. */
  readonly join: (link: string) => Promise<void>
  /** Opens the collection that this device has already. */
  readonly reopen: (link: string) => Promise<void>
  /** Writes records as one unit; resolves when they are as durable as the product makes them. */
  readonly writeBatch: (records: readonly PlainRecord[]) => Promise<void>
  /** Writes one; resolves with its id when it is as durable as the product makes it. */
  readonly writeOne: (record: PlainRecord) => Promise<string>
  readonly updateTitle: (id: string, title: string) => Promise<void>
  /** Hears of the titles of changed or new records. */
  readonly onTitle: (listener: (title: string) => void) => void
  /** How many records a query here finds. */
  readonly count: () => Promise<number>
  /** Twenty records, as a first screen shows them. */
  readonly firstPage: () => Promise<readonly unknown[]>
  /** Everything written here is at the server. */
  readonly synced: () => Promise<void>
  readonly close: () => Promise<void>
}
