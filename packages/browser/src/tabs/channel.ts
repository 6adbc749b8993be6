export type Channel<Out> = { readonly send: (message: Out) => void; readonly close: () => void }

/** A channel to all tabs and workers of the origin that have opened the same name. `heard` gets what others send. */
export const openChannel = <Out, In = Out>(name: string, heard: (message: In) => void): Channel<Out> => {
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent<In>) => heard(data))
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
    send: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}
