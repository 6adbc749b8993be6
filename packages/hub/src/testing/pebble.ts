/** For tests: Debian's pebble, a real ACME authority, and a DNS server that it asks, on free ports of this machine. Challenges have to be answered. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { end, freePort, spawnWithUs, untilSaid } from './servers.ts'

export type TestAuthority = {
  readonly directory: string
  /** PEM file of the root of the authority's own address. */
  readonly directoryRoots: string
  /** The root of the certificates that it gives: another at each start. */
  readonly root: () => Promise<string>
  /** Every name leads to this machine; or no name leads anywhere. */
  readonly setNames: (areFound: boolean) => Promise<void>
  readonly stop: () => Promise<void>
}

/** `port`: where it looks for the challenge's answer, in place of 443. */
export async function startAuthority(port: number): Promise<TestAuthority> {
  if (!existsSync('/usr/bin/pebble')) throw new Error('These tests need an ACME authority: apt-get install pebble.')
  const folder = mkdtempSync(join(tmpdir(), 'kith-pebble-'))
  const [certificate, key] = [join(folder, 'own.pem'), join(folder, 'own.key')]
  const parameters =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -addext subjectAltName=DNS:localhost,IP:127.0.0.1'
  execFileSync('openssl', [...parameters.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const [acmePort, managementPort, dnsPort, namesPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const names = spawnWithUs(
    '/usr/bin/pebble-challtestsrv',
    [
      ['-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${namesPort}`, '-http01', '', '-https01', ''],
      ['-tlsalpn01', '', '-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
    ].flat(),
    {},
  )
  await untilSaid(names, /management/i)
  const config = {
    listenAddress: `127.0.0.1:${acmePort}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate,
    privateKey: key,
    httpPort: await freePort(),
    tlsPort: port,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ pebble: config }))
  const pebble = spawnWithUs(
    '/usr/bin/pebble',
    ['-config', join(folder, 'config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`, '-strict'],
    {
      env: { PATH: process.env['PATH'], PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '30', PEBBLE_AUTHZREUSE: '0' },
    },
  )
  await untilSaid(pebble, /ACME directory available/)
  const ca = readFileSync(certificate)
  return {
    directory: `https://127.0.0.1:${acmePort}/dir`,
    directoryRoots: certificate,
    root: () =>
      new Promise((resolve, reject) => {
        get(`https://127.0.0.1:${managementPort}/roots/0`, { ca }, (response) => {
          let text = ''
          response.on('data', (data) => (text += String(data)))
          response.on('end', () => resolve(text))
        }).on('error', reject)
      }),
    async setNames(areFound) {
      const body = JSON.stringify({ ip: areFound ? '127.0.0.1' : '' })
      const answer = await fetch(`http://127.0.0.1:${namesPort}/set-default-ipv4`, { method: 'POST', body })
      if (!answer.ok) throw new Error(`the DNS server says ${answer.status}`)
    },
    async stop() {
      await end(pebble, 'SIGKILL')
      await end(names, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
