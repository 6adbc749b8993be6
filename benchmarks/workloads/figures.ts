import type { Figure } from './workloads.ts'

type Meaning = {
  readonly workload: string
  readonly text: string
  readonly unit: 'ms' | '/s' | 'B' | 'MB' | 'µs'
  readonly isMoreBetter: boolean
  /** What is in the number, and what is not. */
  readonly contains: string
}

/** In the order of the table. */
export const figures: Readonly<Record<Figure, Meaning>> = {
  batchesPerSecond: {
    workload: 'W1',
    text: 'records written, 1,000 a unit',
    unit: '/s',
    isMoreBetter: true,
    contains:
      'a new device’s first writes, code being compiled included, with its server connected, until each unit is as durable as the product makes it',
  },
  singlesPerSecond: {
    workload: 'W1',
    text: 'records written one at a time, each awaited',
    unit: '/s',
    isMoreBetter: true,
    contains: 'behind the others, on a device opened again with its server connected; 10 s at most',
  },
  uploadMs: {
    workload: 'W1',
    text: 'until all are at the server',
    unit: 'ms',
    isMoreBetter: false,
    contains:
      'writing in units, then until the product says that the server has all (Yjs, which cannot say it: until another device finds all there)',
  },
  joinMs: {
    workload: 'W2',
    text: 'a fresh device has all, the writer being offline',
    unit: 'ms',
    isMoreBetter: false,
    contains:
      'from before its store is made until a count on the device finds all, looked at every 5 ms, more rarely where a look takes long; packages loaded before',
  },
  joinBytesPerRecord: {
    workload: 'W2',
    text: 'on the wire, a record',
    unit: 'B',
    isMoreBetter: false,
    contains: 'bytes of all TCP connections of the device, both directions, WebSocket and HTTP included',
  },
  liveP50Ms: {
    workload: 'W3',
    text: 'an edit is seen by the other device, p50',
    unit: 'ms',
    isMoreBetter: false,
    contains: 'one way: from the call on A until a listener on B, one edit every 40 ms (plus the time of the edit)',
  },
  liveP99Ms: { workload: 'W3', text: 'the same, p99', unit: 'ms', isMoreBetter: false, contains: 'as above' },
  throughPerSecond: {
    workload: 'W3',
    text: 'singles from A to B, 32 at a time',
    unit: '/s',
    isMoreBetter: true,
    contains: 'each written as durably as the product makes it, until B finds all',
  },
  tenMoreMs: {
    workload: 'W4',
    text: 'ten new after these: B, opened again, has them',
    unit: 'ms',
    isMoreBetter: false,
    contains: 'a new process: its store opened, connected, counted; packages loaded before',
  },
  tenMoreBytes: {
    workload: 'W4',
    text: 'on the wire',
    unit: 'B',
    isMoreBetter: false,
    contains: 'as W2, from connecting on',
  },
  reopenMs: {
    workload: 'W5',
    text: 'opened again, to a first page of 20',
    unit: 'ms',
    isMoreBetter: false,
    contains: 'a new process, packages loaded before',
  },
  reopenMegabytes: {
    workload: 'W5',
    text: 'memory of that process at most',
    unit: 'MB',
    isMoreBetter: false,
    contains: 'resident; Node with no package at all has about 50',
  },
  serverCpuUsPerEdit: {
    workload: 'W6',
    text: 'server’s processor time, a single',
    unit: 'µs',
    isMoreBetter: false,
    contains: 'of “singles from A to B”: a core of the server does 1,000,000 by this a second',
  },
  idleBytes: {
    workload: 'W6',
    text: 'server’s memory, an idle connection',
    unit: 'B',
    isMoreBetter: false,
    contains:
      'heap and buffers of JavaScript after collection, without the kernel’s and SQLite’s; of 1,000 behind the first 1,000; one device’s data open in each',
  },
  serverBytesPerRecord: {
    workload: 'W6',
    text: 'server’s disk, a record',
    unit: 'B',
    isMoreBetter: false,
    contains: 'files of the ended server after W2',
  },
  deviceBytesPerRecord: {
    workload: 'W6',
    text: 'device’s disk, a record',
    unit: 'B',
    isMoreBetter: false,
    contains: 'files of A, closed, after W1 in units',
  },
}
