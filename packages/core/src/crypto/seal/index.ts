export * from './box.ts'
export * from './derive.ts'
export * from './sodium.ts'
