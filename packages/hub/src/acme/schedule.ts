/** When a certificate is renewed, and when a try that failed is followed by another. */
import type { AcmeState, Certificate } from './files.ts'
import { directoryUrl, type AcmeOptions } from './options.ts'

/** Renewed while so much of its lifetime is left: before a third is, so that some days' failures cost nothing. */
const leftToRenew = 0.4

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** After the first failures: a slip in DNS or a firewall is soon mended; then two a day. Five tries on a first day at most. */
const waitsMs: readonly number[] = [10 * minuteMs, hourMs, 6 * hourMs]
const waitMsMost = 12 * hourMs

/** An authority that is asked too often says so for hours or days; never trusted with more than that. */
const toldWaitMsMax = 7 * 24 * hourMs

export function needsCertificate(
  certificate: Certificate | undefined,
  state: AcmeState,
  { name, directory }: Pick<AcmeOptions, 'name' | 'directory'>,
  nowMs: number,
): boolean {
  if (certificate === undefined || state.name !== name || state.directory !== directoryUrl(directory)) return true
  return certificate.untilMs - nowMs < (certificate.untilMs - certificate.fromMs) * leftToRenew
}

/** A clock that was set back by years must not stop renewal for as long. */
export function mayTry({ retryAtMs }: Pick<AcmeState, 'retryAtMs'>, nowMs: number): boolean {
  return nowMs >= retryAtMs || retryAtMs - nowMs > toldWaitMsMax
}

/** `toldMs`: what the authority asked for. */
export function nextTryMs(failures: number, toldMs: number, nowMs: number): number {
  const ownMs = waitsMs[failures - 1] ?? waitMsMost
  return nowMs + Math.max(ownMs, Math.min(toldMs, toldWaitMsMax))
}
