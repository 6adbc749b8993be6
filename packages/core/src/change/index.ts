export * from './body.ts'
export * from './change.ts'
export {
  checkHeaderShape,
  type Deps,
  decodeHeader,
  encodeHeader,
  formatVersion,
  type Header,
  noBytes,
  noDeps,
  sortHeads,
  suite,
  toHeads,
} from './header.ts'
export * from './heads.ts'
export * from './ids.ts'
export * from './kinds.ts'
export * from './merge.ts'
export * from './ops.ts'
export * from './segment.ts'
export * from './time.ts'
export * from './entry.ts'
export * from './entry-segments.ts'
