/** Makes a WebAssembly module smaller without changing what is left of it: bodies of functions that nothing can reach become `unreachable`. */
import assert from 'node:assert/strict'

const sections = { imports: 2, exports: 7, elements: 9, code: 10 } as const

type Section = { readonly id: number; readonly bytes: Uint8Array }

/**
 * A module with the exports that `names` maps to new names and all that those need. Numbers of functions stay, so nothing else in it has
 * to be written anew.
 */
export const subsetOfWasm = (module: Uint8Array, names: ReadonlyMap<string, string>): Uint8Array => {
  const parts = readSections(module)
  const find = (id: number): Uint8Array => {
    const found = parts.find((part) => part.id === id)
    assert(found, `no section ${id}`)
    return found.bytes
  }
  const importedCount = countImportedFunctions(find(sections.imports))
  const kept = readExports(find(sections.exports)).filter(({ name }) => names.has(name))
  assert.equal(kept.length, names.size, 'an export is missing')
  const bodies = readBodies(find(sections.code))
  const reached = new Set<number>()
  const reach = (index: number): void => {
    if (reached.has(index)) return
    reached.add(index)
    const body = bodies[index - importedCount]
    if (body) for (const called of calledIn(body)) reach(called)
  }
  for (const { kind, index } of kept) if (kind === 0) reach(index)
  for (const index of readElements(find(sections.elements))) reach(index)

  const stub = Uint8Array.of(0, 0x00, 0x0b)
  const code = bodies.map((body, at) => (reached.has(at + importedCount) ? body : stub))
  return Buffer.concat([
    module.subarray(0, 8),
    ...parts.map(({ id, bytes }) => {
      if (id === sections.exports) return section(id, vector(kept.map((entry) => exportBytes(entry, names))))
      if (id === sections.code) return section(id, vector(code.map((body) => [...leb(body.length), ...body])))
      return section(id, bytes)
    }),
  ])
}

type Reader = ReturnType<typeof readerOf>

const readerOf = (bytes: Uint8Array, start = 0) => {
  let at = start
  const byte = (): number => {
    assert(at < bytes.length, 'a module ends early')
    return bytes[at++] as number
  }
  /** LEB128, signed or not: only small unsigned ones are looked at. */
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const next = byte()
      if (shift < 32) value |= (next & 0x7f) << shift
      if (next < 0x80) return value >>> 0
    }
  }
  const skip = (count: number): void => {
    at += count
  }
  const take = (count: number): Uint8Array => bytes.subarray(at, (at += count))
  return { byte, number, skip, take, isAtEnd: () => at >= bytes.length }
}

const readSections = (module: Uint8Array): Section[] => {
  const reader = readerOf(module, 8)
  const found: Section[] = []
  while (!reader.isAtEnd()) {
    const id = reader.byte()
    found.push({ id, bytes: reader.take(reader.number()) })
  }
  return found
}

const countImportedFunctions = (bytes: Uint8Array): number => {
  const reader = readerOf(bytes)
  const count = reader.number()
  for (let at = 0; at < count; at += 1) {
    reader.take(reader.number())
    reader.take(reader.number())
    assert.equal(reader.byte(), 0, 'only functions are imported')
    reader.number()
  }
  return count
}

type Export = { readonly name: string; readonly kind: number; readonly index: number }

const readExports = (bytes: Uint8Array): Export[] => {
  const reader = readerOf(bytes)
  return Array.from({ length: reader.number() }, () => ({
    name: new TextDecoder().decode(reader.take(reader.number())),
    kind: reader.byte(),
    index: reader.number(),
  }))
}

const exportBytes = ({ name, kind, index }: Export, names: ReadonlyMap<string, string>): number[] => {
  const text = new TextEncoder().encode(names.get(name))
  return [...leb(text.length), ...text, kind, ...leb(index)]
}

/** Functions in the table, which any indirect call may reach. */
const readElements = (bytes: Uint8Array): number[] => {
  const reader = readerOf(bytes)
  return Array.from({ length: reader.number() }).flatMap(() => {
    assert.equal(reader.number(), 0, 'only plain lists of functions')
    assert.equal(reader.byte(), 0x41, 'at a constant place')
    reader.number()
    assert.equal(reader.byte(), 0x0b)
    return Array.from({ length: reader.number() }, () => reader.number())
  })
}

const readBodies = (bytes: Uint8Array): Uint8Array[] => {
  const reader = readerOf(bytes)
  return Array.from({ length: reader.number() }, () => reader.take(reader.number()))
}

/** What a body calls or takes the address of: https://webassembly.github.io/spec/core/binary/instructions.html */
const calledIn = (body: Uint8Array): number[] => {
  const reader = readerOf(body)
  const called: number[] = []
  const groups = reader.number()
  for (let at = 0; at < groups; at += 1) {
    reader.number()
    reader.byte()
  }
  while (!reader.isAtEnd()) {
    const code = reader.byte()
    if (code === 0x10 || code === 0xd2) called.push(reader.number())
    else skipImmediates(reader, code)
  }
  return called
}

const skipImmediates = (reader: Reader, code: number): void => {
  const isPlain = code <= 0x01 || code === 0x05 || code === 0x0b || code === 0x0f || code === 0x1a || code === 0x1b
  if (isPlain || (code >= 0x45 && code <= 0xc4) || code === 0xd1) return
  if (code >= 0x02 && code <= 0x04) reader.number()
  else if (code === 0x0c || code === 0x0d || (code >= 0x20 && code <= 0x26)) reader.number()
  else if (code === 0x0e) for (let left = reader.number(); left >= 0; left -= 1) reader.number()
  else if (code === 0x11 || (code >= 0x28 && code <= 0x3e)) {
    reader.number()
    reader.number()
  } else if (code === 0x3f || code === 0x40 || code === 0x41 || code === 0x42) reader.number()
  else if (code === 0x43) reader.skip(4)
  else if (code === 0x44) reader.skip(8)
  else if (code === 0xfc) {
    const more = reader.number()
    assert(more <= 7 || more === 10 || more === 11, `instruction 0xfc ${more}`)
    if (more >= 10) reader.skip(more === 10 ? 2 : 1)
  } else assert.fail(`instruction ${code.toString(16)}`)
}

const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)])
const vector = (items: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...leb(items.length), ...items.flat()])
const section = (id: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([id, ...leb(bytes.length)]), bytes])
