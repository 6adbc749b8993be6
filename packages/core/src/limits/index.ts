import './relations.ts'

export * from './change.ts'
export * from './clock.ts'
export * from './database.ts'
export * from './entry.ts'
export * from './value.ts'
export * from './wire.ts'
