import { app, eraseStore, linkDevice, openKith, recoverPerson, table, text } from '@kith/browser'
import type { ReactNode } from 'react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import {
  ConnectionStatus,
  DeviceList,
  HeldBackList,
  MemberList,
  RecoveryWords,
  ShareLink,
  StorageNotice,
  useKith,
  useQuery,
  useSpace,
  Welcome,
} from '../../index.ts'

const words = app('org.example.words', { version: 1, tables: { words: table({ word: text() }, { delete: 'admin' }) } })
const hubs = [(import.meta as unknown as { env: { VITE_HUB: string } }).env.VITE_HUB]

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h2>{title}</h2>
    {children}
  </section>
)

const Gallery = () => {
  const kith = useKith()
  const space = useSpace(words, { name: 'Words' })
  const rows = useQuery(space, (q) => q.selectFrom('words').selectAll().orderBy('word'))
  const add = (data: FormData) => void space.tables.words.insert({ word: data.get('word') as string }).catch(() => {})
  // For the test, which does what no component does.
  Object.assign(globalThis, { kith, space })
  return (
    <>
      <Part title="Words">
        <form action={add}>
          <input name="word" aria-label="New word" required /> <button>Add</button>
        </form>
        <ul>
          {rows.map(({ id, word }) => (
            <li key={id}>{word}</li>
          ))}
        </ul>
      </Part>
      <Part title="Members">
        <MemberList space={space} />
      </Part>
      <Part title="Without effect">
        <HeldBackList space={space} />
      </Part>
      <Part title="Share">
        <ShareLink space={space} />
      </Part>
      <Part title="Devices">
        <DeviceList />
      </Part>
      <Part title="Recovery">
        <RecoveryWords />
      </Part>
      <Part title="Status">
        <ConnectionStatus /> <StorageNotice />
      </Part>
    </>
  )
}

createRoot(document.querySelector('main') as HTMLElement).render(
  <StrictMode>
    <Welcome
      title="Words"
      fallback="Opening …"
      open={(name) => openKith({ hubs, name })}
      link={(options) => linkDevice({ ...options, hubs, deviceName: 'browser' })}
      recover={(options) => recoverPerson({ ...options, hubs })}
      erase={eraseStore}
    >
      <Gallery />
    </Welcome>
  </StrictMode>,
)
