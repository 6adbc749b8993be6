/** Whether two rows of one query say the same: values of columns, and what a json column holds. */
export const isSameRow = (left: object, right: object): boolean => {
  const [leftNames, rightNames] = [Object.keys(left), Object.keys(right)]
  return (
    leftNames.length === rightNames.length &&
    leftNames.every(
      (name) =>
        Object.hasOwn(right, name) &&
        isSame((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name]),
    )
  )
}

const isSame = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime()
  if (Array.isArray(left) !== Array.isArray(right)) return false
  // Arrays and bytes by their indexes.
  return left instanceof Uint8Array === right instanceof Uint8Array && isSameRow(left, right)
}
