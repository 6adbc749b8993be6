// Writes music.json.gz beside it: a music shop of the same shape as Chinook, with invented names. `npm run sample`.
// The same seed gives the same rows for ever, so that the committed file can be made again and compared: `--check` does.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync, gzipSync } from 'node:zlib'

/** A small generator (mulberry32): plenty for made-up names, and the same on every machine. */
const createRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const random = createRandom(20261121)
const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at + 1))
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const adjectives =
  'blue quiet amber northern hollow paper silver electric late gentle wild salt copper velvet rainy'.split(' ')
const nouns =
  'river lantern harbour orchard signal window meadow engine comet garden letter island mirror winter tram'.split(' ')
const given =
  'Ada Björn Chloé Dário Elif Farid Grete Hana Íris Jonas Kaori Løvise Mateo Nadia Óscar Petra Quim Rosa Søren Tamar'.split(
    ' ',
  )
const family =
  'Almqvist Bäcker Costa Dvořák Eriksen Fonseca Günther Håkansson Ibarra Janssen Kovács Lindqvist Müller Núñez'.split(
    ' ',
  )
const cities = [
  ['Vallbacka', 'Sweden'],
  ['São Brisa', 'Portugal'],
  ['Nové Pole', 'Czech Republic'],
  ['Kerrywick', 'Ireland'],
  ['Mühlstadt', 'Germany'],
] as const
const streets = 'Harbour Lane,Kirsebærvej,Rua da Maré,Lindenstraße,Mill Road,Nádražní'.split(',')

const title = (): string => `${capital(pick(adjectives))} ${capital(pick(nouns))}`
const person = (): string => `${pick(given)} ${pick(family)}`
const phone = (): string => `+00 ${100 + random(900)} ${1000 + random(9000)}`
const date = (year: number): string =>
  `${year}-${String(1 + random(12)).padStart(2, '0')}-${String(1 + random(28)).padStart(2, '0')}T00:00:00`

const place = () => {
  const [City, Country] = pick(cities)
  return {
    Address: `${1 + random(90)} ${pick(streets)}`,
    City,
    State: '',
    Country,
    PostalCode: String(10000 + random(89999)),
  }
}

const human = (n: number, domain: string) => {
  const [FirstName, LastName] = [pick(given), pick(family)]
  return { FirstName, LastName, ...place(), Phone: phone(), Fax: phone(), Email: `person${n}@${domain}.example` }
}

const Genre = 'Rock,Folk,Jazz,Ambient,Choral,Dance'.split(',').map((Name, at) => ({ GenreId: at + 1, Name }))
const MediaType = 'Audio file,Video file'.split(',').map((Name, at) => ({ MediaTypeId: at + 1, Name }))
const Artist = many(30, (ArtistId) => ({ ArtistId, Name: random(3) === 0 ? person() : `The ${title()}s` }))
const Album = many(45, (AlbumId) => ({ AlbumId, Title: title(), ArtistId: 1 + random(30) }))
const Track = many(400, (TrackId) => ({
  TrackId,
  Name: `${title()}${random(4) === 0 ? ` (${pick(['live', 'demo', 'no. 2', 'für Elif'])})` : ''}`,
  AlbumId: 1 + Math.floor(((TrackId - 1) * 45) / 400),
  MediaTypeId: random(12) === 0 ? 2 : 1,
  GenreId: 1 + random(6),
  Composer: random(3) === 0 ? '' : person(),
  Milliseconds: 90_000 + random(300_000),
  Bytes: 3_000_000 + random(9_000_000),
  UnitPrice: random(12) === 0 ? 1.99 : 0.99,
}))
const Employee = many(6, (EmployeeId) => ({
  EmployeeId,
  Title: ['General Manager', 'Sales Manager', 'Sales Support', 'Sales Support', 'IT Manager', 'IT Staff'][
    EmployeeId - 1
  ],
  ReportsTo: [null, 1, 2, 2, 1, 5][EmployeeId - 1],
  BirthDate: date(1960 + random(30)),
  HireDate: date(2002 + random(3)),
  ...human(EmployeeId, 'shop'),
}))
const Customer = many(20, (CustomerId) => ({
  CustomerId,
  ...human(100 + CustomerId, 'mail'),
  Company: random(3) === 0 ? `${title()} Ltd` : '',
  SupportRepId: 3 + random(2),
}))
const Invoice = many(60, (InvoiceId) => {
  const { Address, City, State, Country, PostalCode } = place()
  const billing = {
    BillingAddress: Address,
    BillingCity: City,
    BillingState: State,
    BillingCountry: Country,
    BillingPostalCode: PostalCode,
  }
  return { InvoiceId, CustomerId: 1 + random(20), InvoiceDate: date(2021 + random(4)), ...billing, Total: 0 }
})
const InvoiceLine = many(240, (InvoiceLineId) => {
  const track = pick(Track)
  return { InvoiceLineId, InvoiceId: 1 + random(60), TrackId: track.TrackId, UnitPrice: track.UnitPrice, Quantity: 1 }
})
for (const invoice of Invoice) {
  const lines = InvoiceLine.filter((line) => line.InvoiceId === invoice.InvoiceId)
  invoice.Total = Math.round(lines.reduce((sum, line) => sum + line.UnitPrice, 0) * 100) / 100
}
const Playlist = many(6, (PlaylistId) => ({ PlaylistId, Name: `${capital(pick(adjectives))} list ${PlaylistId}` }))
const PlaylistTrack = Playlist.flatMap(({ PlaylistId }) =>
  Track.filter(() => random(PlaylistId) === 0).map(({ TrackId }) => ({ PlaylistId, TrackId })),
)

const tables = {
  Genre,
  MediaType,
  Artist,
  Album,
  Track,
  Employee,
  Customer,
  Invoice,
  InvoiceLine,
  Playlist,
  PlaylistTrack,
}
const packed = gzipSync(JSON.stringify(tables), { level: constants.Z_BEST_COMPRESSION })
// The header's "made on" byte differs between systems; 255 is "unknown" (RFC 1952).
packed[9] = 255
const path = join(import.meta.dirname, 'music.json.gz')
const rows = Object.values(tables).reduce((sum, table) => sum + table.length, 0)
if (process.argv.includes('--check')) {
  // Rows, not bytes: another zlib packs the same rows in other bytes.
  if (gunzipSync(readFileSync(path)).toString() !== JSON.stringify(tables)) {
    console.error('sample/music.json.gz is not what this script writes. Run: npm run sample')
    process.exitCode = 1
  }
} else {
  writeFileSync(path, packed)
  console.log(`sample/music.json.gz: ${rows} rows in ${Object.keys(tables).length} tables, ${packed.length} bytes`)
}
