export * from './keys.ts'
export * from './signature.ts'
