import type { App, Kith } from '@kith/core'
import { createContext, createElement, type ReactNode, Suspense, use, useContext, useState } from 'react'
import { createResources, type Resources } from './resource.ts'

type Runtime = {
  readonly kith: Kith
  readonly resources: Resources
  /** The apps of spaces that hooks have opened. */
  readonly apps: WeakMap<object, App>
}

const RuntimeContext = createContext<Runtime | undefined>(undefined)

export type KithProviderProps = {
  /** What `openKith` gives. Call it outside of components, so that it is called once. */
  readonly kith: Kith | Promise<Kith>
  /** Shown while something that a component needs is not there yet; closer `Suspense`s go first. */
  readonly fallback?: ReactNode
  readonly children?: ReactNode
}

/** Gives a person to the components below. Who opened it closes it. */
export const KithProvider = ({ kith, fallback, children }: KithProviderProps): ReactNode =>
  createElement(Suspense, { fallback }, createElement(Opened, { kith }, children))

const Opened = ({ kith, children }: KithProviderProps): ReactNode => {
  const opened = kith instanceof Promise ? use(kith) : kith
  // Another person has other resources.
  return createElement(Running, { key: opened.address, kith: opened }, children)
}

const Running = ({ kith, children }: { kith: Kith; children?: ReactNode }): ReactNode => {
  const [runtime] = useState<Runtime>(() => ({ kith, resources: createResources(), apps: new WeakMap() }))
  return createElement(RuntimeContext, { value: runtime }, createElement(Suspense, undefined, children))
}

export const useRuntime = (): Runtime => {
  const runtime = useContext(RuntimeContext)
  if (!runtime) throw new Error('Put a <KithProvider> around the components that use Kith.')
  return runtime
}

/** The person on this device. */
export const useKith = (): Kith => useRuntime().kith
