/** The dedicated worker that `openKith` starts: the engine, and the page's calls to it. */
import { createCallee } from './port/callee.ts'
import type { PageMessage } from './port/messages.ts'
import { createBootService } from './worker/boot-service.ts'

const callee = createCallee((message, transfer) => self.postMessage(message, { transfer }))
callee.add(createBootService(callee))
self.addEventListener('message', ({ data }) => callee.receive(data as PageMessage))
