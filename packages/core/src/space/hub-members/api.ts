/** What a `Kith` can do about hubs that want invites. */
export type HubMembersApi = {
  /**
   * Makes this device a member of a hub by an invite of its operator's (`wss://…#…`), and uses that hub from now on. The hub learns that the invite was
   * used, and neither by whom nor for which logs. Resolves when the first tokens are here.
   *
   * @throws KithError `bad-hub-invite` (not whole, used, or over), `hub-unreachable`, `hub-lied`, `not-supported`.
   */
  readonly joinHub: (invite: string) => Promise<void>
}
