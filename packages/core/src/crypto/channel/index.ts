export * from './noise.ts'
export * from './pieces.ts'
export * from './purpose.ts'
