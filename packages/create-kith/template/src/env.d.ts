/** What Vite tells the page. */
interface ImportMetaEnv {
  /** The hub's address, as `kith dev` or whoever builds the app says. */
  readonly VITE_HUB?: string
}
