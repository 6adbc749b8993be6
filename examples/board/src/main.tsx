import { after, app, between, first, openKith, order, ref, table, text } from '@kith/browser'
import { ConnectionStatus, KithProvider, ShareLink, useCan, useQuery, useSpace } from '@kith/react'
import type { RowOf, Space } from '@kith/browser'
import { type DragEvent, memo, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

const board = app('org.example.board', {
  version: 1,
  tables: {
    columns: table({ name: text(), place: order() }, { update: 'admin', delete: 'admin' }),
    cards: table({ title: text(), column: ref('columns').onDelete('hide'), place: order() }),
  },
})
type Board = Space<typeof board>
type Column = RowOf<(typeof board.tables)['columns']>
type Card = RowOf<(typeof board.tables)['cards']>
const kith = openKith({ hubs: [import.meta.env['VITE_HUB'] ?? 'ws://127.0.0.1:8790'] })

const start = (space: Board) =>
  space.transact((tx) => {
    let place = first()
    for (const name of ['To do', 'Doing', 'Done']) {
      tx.columns.insert({ name, place })
      place = after(place)
    }
  })

/** Puts a card before another one, or at the end of a column. */
const move = (space: Board, id: string, column: Column, cards: readonly Card[], before?: Card) => {
  const others = cards.filter((card) => card.id !== id)
  const at = before ? others.findIndex((card) => card.id === before.id) : others.length
  const place = between(others[at - 1]?.place ?? null, others[at]?.place ?? null)
  return space.tables.cards.update(id, { column: column.id, place })
}

const CardView = memo(({ card, onDropCard }: { card: Card; onDropCard: (event: DragEvent, before: Card) => void }) => (
  <li
    draggable
    onDragStart={(event) => event.dataTransfer.setData('text/plain', card.id)}
    onDragOver={(event) => event.preventDefault()}
    onDrop={(event) => onDropCard(event, card)}
  >
    {card.title}
  </li>
))

const ColumnView = ({ space, column }: { space: Board; column: Column }) => {
  const cards = useQuery(space, (q) =>
    q.selectFrom('cards').selectAll().where('column', '=', column.id).orderBy('place').orderBy('id'),
  )
  const drop = (event: DragEvent, before?: Card) => {
    event.preventDefault()
    event.stopPropagation()
    const id = event.dataTransfer.getData('text/plain')
    if (id !== before?.id) void move(space, id, column, cards, before)
  }
  const add = (data: FormData) => {
    const place = between(cards.at(-1)?.place ?? null, null)
    void space.tables.cards.insert({ title: data.get('title') as string, column: column.id, place })
  }
  return (
    <section aria-label={column.name} onDragOver={(event) => event.preventDefault()} onDrop={(event) => drop(event)}>
      <h2>
        {column.name} <small>{cards.length}</small>
      </h2>
      <ul>
        {cards.map((card) => (
          <CardView key={card.id} card={card} onDropCard={drop} />
        ))}
      </ul>
      <form action={add}>
        <input name="title" placeholder="Add a card" aria-label={`Add to ${column.name}`} required />
      </form>
    </section>
  )
}

const Board = () => {
  const space = useSpace(board, { name: 'Board' })
  const columns = useQuery(space, (q) => q.selectFrom('columns').selectAll().orderBy('place'))
  const can = useCan(space)
  return (
    <>
      <header>
        <h1>Board</h1> <ConnectionStatus /> <ShareLink space={space} />
      </header>
      {columns.length === 0 && can('invite') ? <button onClick={() => void start(space)}>Begin</button> : null}
      <div>
        {columns.map((column) => (
          <Suspense key={column.id}>
            <ColumnView space={space} column={column} />
          </Suspense>
        ))}
      </div>
    </>
  )
}

createRoot(document.querySelector('main')!).render(<KithProvider kith={kith} children={<Board />} />)
