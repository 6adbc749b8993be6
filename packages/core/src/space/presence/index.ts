export { createPresences, type Presences } from './presences.ts'
