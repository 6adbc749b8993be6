/** What a hub tells its operator: about itself only, never an address, a log, a person or a device. */
export type HubLogEvent =
  | { readonly event: 'started'; readonly url: string }
  | { readonly event: 'stopped' }
  | { readonly event: 'connection-refused' }
  | { readonly event: 'storage-failed'; readonly reason: string }
  /** What goes to other processes goes at once again; or they find it themselves, within a second or two. */
  | { readonly event: 'fan-out-connected' }
  | { readonly event: 'fan-out-lost' }
  /** S3 does not answer, or refuses: large entries are neither taken nor given until it does. All else goes on. */
  | { readonly event: 'large-entries-away'; readonly problem: string }
  | { readonly event: 'large-entries-back' }
  | { readonly event: 'entries-dropped'; readonly entries: number }
  /** The files of the certificate have changed and cannot be used, or none was given: the old one is served with. */
  | { readonly event: 'certificate-failed'; readonly message: string }
  /** Of the hub that gets its certificates by itself: it serves with a new one, until then. */
  | { readonly event: 'certificate-obtained'; readonly until: string }
  /** A mistake in the program: please report it. */
  | { readonly event: 'defect'; readonly message: string }

export type HubLog = (event: HubLogEvent) => void
