import { eraseStore, linkDevice, openKith, recoverPerson } from '@kith/browser'
import { devtools } from '@kith/browser/devtools'
import { Welcome } from '@kith/react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { Problem } from './problem.tsx'
import './style.css'

// A hub passes on what devices write, and cannot read it. `npm run dev` starts one; a page that a hub serves uses that hub.
const hubs = [import.meta.env.VITE_HUB ?? location.origin.replace(/^http/, 'ws')]

createRoot(document.querySelector('#root')!).render(
  <Problem>
    <Welcome
      title="My app"
      open={(name) => devtools(openKith({ hubs, name }))}
      link={(options) => linkDevice({ ...options, hubs })}
      recover={(options) => recoverPerson({ ...options, hubs })}
      erase={eraseStore}
      fallback="One moment …"
    >
      <App />
    </Welcome>
  </Problem>,
)
