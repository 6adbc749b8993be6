/** For tests: a hub in a process of its own, to be killed. Parameter: the storage file. */
import { startHub } from '../hub.ts'

const hub = await startHub({ storage: process.argv[2]! })
process.send!(hub.url)
