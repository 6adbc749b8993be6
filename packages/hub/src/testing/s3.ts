/** For tests: a real S3 service, Debian's OpenStack Swift, on free ports of this machine; and a line to it that can be cut. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3mini } from 's3mini'
import type { S3Options } from '../s3/options.ts'
import { end, spawnWithUs, untilSaid } from './servers.ts'

export type TestS3 = {
  readonly port: number
  /** Of a bucket that is there, under a prefix that nobody else has. */
  readonly createOptions: () => S3Options
  /** What lies under a prefix, by names without it, past hub and client. */
  readonly names: (options: S3Options) => Promise<string[]>
  readonly remove: (options: S3Options, name: string) => Promise<void>
  readonly stop: () => Promise<void>
}

const python = '/usr/bin/python3'

export async function startS3(): Promise<TestS3> {
  if (!existsSync('/usr/lib/python3/dist-packages/swift'))
    throw new Error('These tests need an S3 service: apt-get install python3-swift.')
  const folder = mkdtempSync(join(tmpdir(), 'kith-s3-'))
  const [keyId, secret] = ['kith:tester', 'a-secret-of-the-tests']
  const script = join(import.meta.dirname, 's3-server.py')
  const server = spawnWithUs(python, [script, folder, '0', keyId.split(':')[1]!, secret], { cwd: folder })
  const [, port] = await untilSaid(server, /S3 on port (\d+)/)
  const base = { endpoint: `http://127.0.0.1:${port}`, bucket: 'entries', region: 'us-east-1', keyId, secret }
  const client = new S3mini({
    accessKeyId: keyId,
    secretAccessKey: secret,
    endpoint: `${base.endpoint}/${base.bucket}`,
    region: base.region,
  })
  if (!(await client.createBucket())) throw new Error('The S3 service makes no bucket.')
  let count = 0
  return {
    port: Number(port),
    createOptions() {
      count += 1
      return { ...base, prefix: `hub${count}/` }
    },
    async names({ prefix }) {
      const objects = await client.listObjects('/', prefix)
      return (objects ?? []).map(({ Key }) => Key.slice(prefix.length))
    },
    async remove({ prefix }, name) {
      await client.deleteObject(prefix + name)
    },
    async stop() {
      await end(server, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Line = {
  readonly port: number
  /** Ends all connections, and those that come, until it is mended. */
  readonly cut: () => void
  /** What the service answers stays on the way. */
  readonly hold: () => void
  readonly mend: () => void
  readonly close: () => Promise<void>
}

export async function startLine(target: number): Promise<Line> {
  const sockets = new Set<Socket>()
  let state: 'whole' | 'cut' | 'held' = 'whole'
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    near.on('data', (data) => far.write(data))
    far.on('data', (data) => {
      if (state === 'whole') near.write(data)
    })
  })
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      state = 'cut'
      endAll()
    },
    hold: () => void (state = 'held'),
    mend() {
      // What was held is lost.
      if (state === 'held') endAll()
      state = 'whole'
    },
    async close() {
      endAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
