import type { Space } from '@kith/core'
import { type Music, type MusicTable, musicTables } from './music.ts'
import { countRows, type FileRow, type Source } from './source.ts'

/** Rows in one change: enough that signing and sealing cost nothing a row, few enough that progress is seen. */
const chunkRows = 1000

/** Finds the new id of what the file numbers. */
type FindRow = (table: MusicTable, fileId: string | number | null | undefined) => string

/** Writes the file's rows into the space, a change for each chunk, and tells how many are durable. */
export const importMusic = async (
  space: Space<Music>,
  source: Source,
  progress: (rows: number) => void,
): Promise<void> => {
  const ids = new Map<MusicTable, Map<string | number, string>>(musicTables.map((name) => [name, new Map()]))
  const find: FindRow = (table, fileId) => {
    const id = ids.get(table)?.get(fileId ?? '')
    if (id === undefined) throw new Error(`The data names ${table} ${fileId}, which is not in it (or comes later).`)
    return id
  }
  let done = 0
  for (const name of musicTables) {
    const rows = source.tables[name]
    for (let start = 0; start < rows.length; start += chunkRows) {
      const chunk = rows.slice(start, start + chunkRows)
      await space.transact((tx) => {
        // The eleven row types meet in one loop: the converters below are what gives each table its columns.
        const insert = (name === 'PlaylistTrack' ? tx[name].upsert : tx[name].insert) as (row: object) => string
        for (const row of chunk) {
          const id = insert(converters[name](row, find))
          const fileId = row[`${name}Id`]
          if (fileId !== undefined && fileId !== null) ids.get(name)?.set(fileId, id)
        }
      })
      done += chunk.length
      progress(done)
    }
  }
  if (done !== countRows(source)) throw new Error(`Imported ${done} rows of ${countRows(source)}.`)
}

const cents = (amount: unknown): number => Math.round(Number(amount) * 100)
const utc = (local: unknown): Date => new Date(`${String(local)}Z`)

const converters: Record<MusicTable, (row: FileRow, find: FindRow) => object> = {
  Genre: (row) => ({ name: row.Name }),
  MediaType: (row) => ({ name: row.Name }),
  Artist: (row) => ({ name: row.Name }),
  Album: (row, find) => ({ title: row.Title, artist: find('Artist', row.ArtistId) }),
  Track: (row, find) => ({
    name: row.Name,
    album: find('Album', row.AlbumId),
    mediaType: find('MediaType', row.MediaTypeId),
    genre: find('Genre', row.GenreId),
    composer: row.Composer,
    milliseconds: row.Milliseconds,
    bytes: row.Bytes,
    priceCents: cents(row.UnitPrice),
  }),
  Employee: (row, find) => ({
    lastName: row.LastName,
    firstName: row.FirstName,
    title: row.Title,
    reportsTo: row.ReportsTo === null ? null : find('Employee', row.ReportsTo),
    birthDate: utc(row.BirthDate),
    hireDate: utc(row.HireDate),
    address: row.Address,
    city: row.City,
    state: row.State,
    country: row.Country,
    postalCode: row.PostalCode,
    phone: row.Phone,
    fax: row.Fax,
    email: row.Email,
  }),
  Customer: (row, find) => ({
    firstName: row.FirstName,
    lastName: row.LastName,
    company: row.Company,
    address: row.Address,
    city: row.City,
    state: row.State,
    country: row.Country,
    postalCode: row.PostalCode,
    phone: row.Phone,
    fax: row.Fax,
    email: row.Email,
    supportRep: find('Employee', row.SupportRepId),
  }),
  Invoice: (row, find) => ({
    customer: find('Customer', row.CustomerId),
    date: utc(row.InvoiceDate),
    billingAddress: row.BillingAddress,
    billingCity: row.BillingCity,
    billingState: row.BillingState,
    billingCountry: row.BillingCountry,
    billingPostalCode: row.BillingPostalCode,
    totalCents: cents(row.Total),
  }),
  InvoiceLine: (row, find) => ({
    invoice: find('Invoice', row.InvoiceId),
    track: find('Track', row.TrackId),
    priceCents: cents(row.UnitPrice),
    quantity: row.Quantity,
  }),
  Playlist: (row) => ({ name: row.Name }),
  PlaylistTrack: (row, find) => ({ playlist: find('Playlist', row.PlaylistId), track: find('Track', row.TrackId) }),
}
