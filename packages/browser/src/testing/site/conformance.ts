/** Runs a method of the conformance worker and gives its answer to the test. */
const worker = new Worker(new URL('./conformance-worker.ts', import.meta.url), { type: 'module' })

const ask = async (question: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data), { once: true })
    worker.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true })
    worker.postMessage(question, [])
  })

Object.assign(window, { ask })
