import { KithError } from '../bytes/index.ts'

/**
 * Throws 'bad-link' for what is no WebSocket URL and 'insecure-url' for plain ws:// to another machine, where whoever carries it
 * could read along and pose as the member.
 */
export function checkHubUrl(url: string): void {
  // No user name is allowed before the host: `ws://127.0.0.1@elsewhere` goes elsewhere.
  const parts = /^(wss?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?([/?#].*)?$/i.exec(url)
  if (parts === null)
    throw new KithError('bad-link', 'A hub needs a URL of the form wss://host or ws://localhost:port.')
  const [, scheme = '', host = ''] = parts
  if (scheme.toLowerCase() === 'ws' && !isLoopback(host.toLowerCase())) {
    throw new KithError('insecure-url', 'A plain ws:// hub is only accepted on this machine. Use wss://.')
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}
