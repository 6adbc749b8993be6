export { type ChainRun, createPacks, type Packs } from './packs.ts'
