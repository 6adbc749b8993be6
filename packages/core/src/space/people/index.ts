export { home } from './homes.ts'
export { createPeople, type People } from './people.ts'
