export * from './key.ts'
