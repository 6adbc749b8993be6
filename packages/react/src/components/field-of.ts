import type { SubmitEvent } from 'react'

/** What is in a field of a form that was just sent, trimmed; the page stays. */
export const fieldOf = (event: SubmitEvent<HTMLFormElement>, name: string): string => {
  event.preventDefault()
  return ((new FormData(event.currentTarget).get(name) as string | null) ?? '').trim()
}
