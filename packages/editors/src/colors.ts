/** Colours that white text can be read on and that differ also for who sees fewer of them (after Okabe and Ito, darkened). */
const colors = ['#0072b2', '#b8500b', '#00805f', '#a3457a', '#5b4bb7', '#7a6400', '#246b8f', '#b3261e'] as const

/** The colour of a member's cursor, as `#rrggbb`: the same at everybody's. */
export const addressToColor = (address: string): string => {
  let sum = 0
  for (const character of address) sum = (sum * 31 + character.charCodeAt(0)) >>> 0
  return colors[sum % colors.length] as string
}
