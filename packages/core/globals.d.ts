// The globals outside ECMAScript that the core may use, because every JavaScript runtime has them and they do no I/O.
// Anything else (clock, randomness, timers, network, files, console) comes through the ports.

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
  encodeInto(text: string, target: Uint8Array): { read: number; written: number }
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: ArrayBufferLike | ArrayBufferView, options?: { stream?: boolean }): string
}

declare function btoa(binary: string): string
declare function atob(base64: string): string
