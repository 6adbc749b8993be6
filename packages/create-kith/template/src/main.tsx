import { openKith } from '@kith/browser'
import { Welcome } from '@kith/react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { Problem } from './problem.tsx'
import './style.css'

// A hub passes on what devices write, and cannot read it. `npm run dev` starts one; a page that a hub serves uses that hub.
const hub = import.meta.env.VITE_HUB ?? location.origin.replace(/^http/, 'ws')

createRoot(document.querySelector('#root')!).render(
  <Problem>
    <Welcome title="My app" open={(name) => openKith({ hubs: [hub], name })} fallback="One moment …">
      <App />
    </Welcome>
  </Problem>,
)
