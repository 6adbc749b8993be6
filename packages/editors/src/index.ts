export { addressToColor } from './colors.ts'
