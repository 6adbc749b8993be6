import { app, int, ref, richText, table, text, time } from '@kith/core'

/**
 * The app of this example: a music shop's eleven tables (the Chinook database), and notes that are typed together.
 *
 * What the file numbers by integers are `ref`s here: a row's id comes from its change, and the numbers are gone. Dates are
 * `time` (the file names no zone: UTC). Money is `int`, in cents, because sums of money must be exact.
 */
export const music = app('org.kith.first-light', {
  version: 1,
  tables: {
    Genre: table({ name: text() }),
    MediaType: table({ name: text() }),
    Artist: table({ name: text() }),
    Album: table({ title: text(), artist: ref('Artist') }),
    Track: table({
      name: text(),
      album: ref('Album'),
      mediaType: ref('MediaType'),
      genre: ref('Genre'),
      composer: text(),
      milliseconds: int(),
      bytes: int(),
      priceCents: int(),
    }),
    Employee: table({
      lastName: text(),
      firstName: text(),
      title: text(),
      reportsTo: ref('Employee').optional(),
      birthDate: time(),
      hireDate: time(),
      address: text(),
      city: text(),
      state: text(),
      country: text(),
      postalCode: text(),
      phone: text(),
      fax: text(),
      email: text(),
    }),
    Customer: table({
      firstName: text(),
      lastName: text(),
      company: text(),
      address: text(),
      city: text(),
      state: text(),
      country: text(),
      postalCode: text(),
      phone: text(),
      fax: text(),
      email: text(),
      supportRep: ref('Employee'),
    }),
    Invoice: table({
      customer: ref('Customer'),
      date: time(),
      billingAddress: text(),
      billingCity: text(),
      billingState: text(),
      billingCountry: text(),
      billingPostalCode: text(),
      totalCents: int(),
    }),
    InvoiceLine: table({ invoice: ref('Invoice'), track: ref('Track'), priceCents: int(), quantity: int() }),
    Playlist: table({ name: text() }),
    /** Keyed: a track is in a playlist once, whoever puts it there. */
    PlaylistTrack: table(
      { playlist: ref('Playlist').fixed(), track: ref('Track').fixed() },
      { key: ['playlist', 'track'] },
    ),
    Note: table({ title: text(), body: richText() }),
  },
})

export type Music = typeof music

/** The tables of the file, in an order in which every row comes after those that it references. */
export const musicTables = [
  'Genre',
  'MediaType',
  'Artist',
  'Album',
  'Track',
  'Employee',
  'Customer',
  'Invoice',
  'InvoiceLine',
  'Playlist',
  'PlaylistTrack',
] as const

export type MusicTable = (typeof musicTables)[number]
