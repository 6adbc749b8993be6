import { openKith, type Space } from '@kith/browser'
import { Component, memo, type ReactNode, StrictMode, Suspense, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import {
  ConnectionStatus,
  DeviceList,
  HeldBackList,
  KithProvider,
  MemberList,
  ShareLink,
  UpdateNeeded,
  useCan,
  useKith,
  useQuery,
  useRow,
  useSpace,
  useSpaces,
  useText,
} from '../../index.ts'
import { receivedChars } from './received.ts'
import { nextShop, shop } from './shop.ts'

type Shop = Space<typeof shop>
const kith = openKith({ hubs: [(import.meta as unknown as { env: { VITE_HUB: string } }).env.VITE_HUB], name: 'Alice' })

/** Counts how often each row was painted: those that did not change must not be. */
const painted = new Map<string, number>()
type Item = { readonly id: string; readonly name: string; readonly place: number }
const Row = memo(({ item }: { item: Item }) => {
  useEffect(() => {
    painted.set(item.id, (painted.get(item.id) ?? 0) + 1)
  })
  return <li data-id={item.id}>{item.name}</li>
})

/** As much as fits on a screen, out of all that there are. */
const List = ({ space }: { space: Shop }) => {
  const items = useQuery(space, (q) =>
    q.selectFrom('items').select(['id', 'name', 'place']).orderBy('place').orderBy('id'),
  )
  return (
    <section aria-label="List">
      <output>{items.length}</output>
      <ol>
        {items.slice(0, 40).map((item) => (
          <Row key={item.id} item={item} />
        ))}
      </ol>
    </section>
  )
}

const Filtered = ({ space }: { space: Shop }) => {
  const [word, setWord] = useState('')
  const { rows, error } = useQuery(
    space,
    (q) => q.selectFrom('items').select('name').where('name', 'like', `%${word}%`).orderBy('name').limit(5),
    { suspense: false },
  )
  return (
    <section aria-label="Filtered">
      <input aria-label="Word" value={word} onChange={(event) => setWord(event.currentTarget.value)} />
      <output>{error ? 'failed' : rows ? rows.map(({ name }) => name).join(', ') : 'loading'}</output>
    </section>
  )
}

const Everywhere = () => {
  const counts = useQuery(shop, (q) =>
    q
      .selectFrom('items')
      .select((eb) => ['space', eb.fn.countAll<number>().as('count')])
      .groupBy('space'),
  )
  return (
    <section aria-label="Everywhere">
      <output>{counts.map(({ count }) => count).join(' + ')}</output>
    </section>
  )
}

const Notes = ({ space, id }: { space: Shop; id: string }) => {
  const text = useText(space, 'items', id, 'notes')
  const row = useRow(space, 'items', id)
  return (
    <section aria-label="Notes">
      <output>{row ? row.name : 'gone'}</output>
      <textarea aria-label="Note" value={text.value} onChange={(event) => text.set(event.currentTarget.value)} />
    </section>
  )
}

const Refused = ({ space }: { space: Shop }) => {
  useQuery(space, (q) => q.selectFrom('nothing' as 'items').selectAll())
  return <p>not refused</p>
}

class Boundary extends Component<{ children: ReactNode }, { code?: string }> {
  override state: { code?: string } = {}
  static getDerivedStateFromError({ code, message }: Error & { code?: string }): { code?: string } {
    return { code: code ?? message }
  }
  override render(): ReactNode {
    return this.state.code ? <output aria-label="Refused">{this.state.code}</output> : this.props.children
  }
}

const Page = () => {
  const person = useKith()
  const space = useSpace(shop, { name: 'Shop' })
  const spaces = useSpaces(shop)
  const can = useCan(space)
  const first = useQuery(space, (q) => q.selectFrom('items').select('id').orderBy('place').limit(1))[0]
  const [isRefusing, setIsRefusing] = useState(false)
  useEffect(() => {
    Object.assign(globalThis, { test: { person, space, painted, receivedChars, nextShop } })
  }, [person, space])
  return (
    <>
      <h1>{spaces.map(({ name }) => name).join(', ')}</h1>
      <ConnectionStatus />
      <p aria-label="May">
        {[can('insert', 'items'), can('delete', 'items'), can('invite')].map((may) => (may ? 'yes' : 'no')).join(' ')}
      </p>
      <ShareLink space={space} />
      <MemberList space={space} />
      <DeviceList />
      <HeldBackList space={space} />
      <UpdateNeeded space={space} update={() => document.body.append('updating')} />
      <Suspense fallback="loading the list">
        <List space={space} />
      </Suspense>
      <Filtered space={space} />
      <Suspense>
        <Everywhere />
      </Suspense>
      <Suspense fallback="opening the note">
        {first ? <Notes key={first.id} space={space} id={first.id} /> : null}
      </Suspense>
      <button type="button" onClick={() => setIsRefusing(true)}>
        Refuse
      </button>
      {isRefusing ? (
        <Boundary>
          <Suspense>
            <Refused space={space} />
          </Suspense>
        </Boundary>
      ) : null}
    </>
  )
}

createRoot(document.querySelector('main') as HTMLElement).render(
  <StrictMode>
    <KithProvider kith={kith} fallback="opening">
      <Page />
    </KithProvider>
  </StrictMode>,
)
