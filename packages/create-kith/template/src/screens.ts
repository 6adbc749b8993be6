import { ItemsScreen } from './screens/items.tsx'

/** What the app shows: a screen for each table. */
export const screens = {
  items: ItemsScreen,
}
