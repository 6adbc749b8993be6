import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // Browsers built on Chromium compile the engine whole, once, and keep it: a second start waits a fifth less.
  worker: { format: 'es', rolldownOptions: { output: { postBanner: '//# allFunctionsCalledOnLoad' } } },
  build: { target: 'esnext' },
  // Bundled anew for development, they would lose the worker that they start, and each have a copy of what they share.
  optimizeDeps: { exclude: ['@kith/browser', '@kith/core', '@kith/react'] },
})
