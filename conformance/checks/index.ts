import type { Check } from '../suite.ts'
import { accessChecks } from './access.ts'
import { channelChecks } from './channel.ts'
import { cursorChecks } from './cursors.ts'
import { followChecks } from './follow.ts'
import { frameChecks } from './frames.ts'
import { helloChecks } from './hello.ts'
import { keepingChecks } from './keeping.ts'
import { kindChecks } from './kinds.ts'
import { openChecks } from './open.ts'
import { pullChecks } from './pull.ts'
import { putChecks } from './put.ts'
import { refusalChecks } from './refusals.ts'
import { signalChecks } from './signal.ts'
import { ticketChecks } from './tickets.ts'
import { trimChecks } from './trim.ts'

/** In the order of docs/protocol/hub.md. Each has logs of its own, so that any may be left out. */
export const checks: readonly Check[] = [
  ...frameChecks,
  ...helloChecks,
  ...openChecks,
  ...ticketChecks,
  ...putChecks,
  ...kindChecks,
  ...pullChecks,
  ...followChecks,
  ...cursorChecks,
  ...signalChecks,
  ...trimChecks,
  ...accessChecks,
  ...channelChecks,
  ...refusalChecks,
  ...keepingChecks,
]
