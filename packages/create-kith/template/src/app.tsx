import {
  ConnectionStatus,
  DeviceList,
  HeldBackList,
  MemberList,
  RecoveryWords,
  ShareLink,
  StorageNotice,
  useSpace,
} from '@kith/react'
import { useState } from 'react'
import { schema } from './schema.ts'
import { screens } from './screens.ts'

const names = Object.keys(screens) as (keyof typeof screens)[]

export const App = () => {
  const space = useSpace(schema, { name: 'My app' })
  const [shown, show] = useState(names[0]!)
  const Screen = screens[shown]
  return (
    <>
      <header>
        <h1>My app</h1>
        <ConnectionStatus />
      </header>
      {names.length > 1 ? (
        <nav>
          {names.map((name) => (
            <button key={name} type="button" aria-pressed={name === shown} onClick={() => show(name)}>
              {name}
            </button>
          ))}
        </nav>
      ) : null}
      <main>
        <Screen space={space} />
      </main>
      <aside>
        <h2>Members</h2>
        <MemberList space={space} />
        <ShareLink space={space}>Invite somebody</ShareLink>
        <HeldBackList space={space} />
        <h2>Your devices</h2>
        <DeviceList />
        <RecoveryWords />
        <StorageNotice />
      </aside>
    </>
  )
}
