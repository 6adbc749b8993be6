import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  build: { target: 'esnext' },
  // Bundled anew for development, they would lose the worker that they start, and each have a copy of what they share.
  optimizeDeps: { exclude: ['@kith/browser', '@kith/core', '@kith/react'] },
})
