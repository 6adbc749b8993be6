import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Chromium keeps such scripts compiled whole, and a second start of the engine waits less. Of SQLite's, most is never called. */
const keptWhole = ({ moduleIds }: { moduleIds: readonly string[] }): string =>
  moduleIds.some((id) => id.includes('sqlite-wasm')) ? '' : '//# allFunctionsCalledOnLoad'

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es', rolldownOptions: { output: { postBanner: keptWhole } } },
  build: { target: 'esnext' },
  // Bundled anew for development, they would lose the worker that they start, and each have a copy of what they share.
  optimizeDeps: { exclude: ['@kith/browser', '@kith/core', '@kith/react'] },
})
