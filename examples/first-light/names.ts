/** Names that only Alice and Bob should ever see: the search through the hub's state looks for them. */
export const alicesName = 'Alice Aurora'
export const bobsName = 'Bob Borealis'
export const spaceName = 'The Music Shop'
export const firstWords = 'We open at first light. '
