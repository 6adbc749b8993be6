// Adds to package-lock.json the packages for other platforms that the registry in use does not carry. A registry mirror
// with gaps makes npm write a lockfile that `npm ci` then refuses; with these entries (version and platform, no hash, and
// never installed where the platform differs) it is whole. Run after every change of dependencies: `npm run lock`.
// A parameter names the folder of another lockfile.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = join(dirname(fileURLToPath(import.meta.url)), '..', process.argv[2] ?? '.', 'package-lock.json')
const lockfile = JSON.parse(readFileSync(path, 'utf8'))

let added = 0
for (const [parent, entry] of Object.entries(lockfile.packages)) {
  if (!parent.startsWith('node_modules/')) continue
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`${parent}/node_modules/${name}` in lockfile.packages || `node_modules/${name}` in lockfile.packages) continue
    lockfile.packages[`node_modules/${name}`] = stub(name, version, entry.dev === true)
    added += 1
  }
}
lockfile.packages = Object.fromEntries(Object.entries(lockfile.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lockfile, null, 2)}\n`)
console.log(`package-lock.json: ${added} entries for other platforms added.`)

/** What npm needs to know in order to leave the package alone: its platform, which these packages carry in their names. */
function stub(name, version, dev) {
  const os = /android|darwin|freebsd|linux|openbsd|openharmony|win32/.exec(name)?.[0]
  const cpu = /arm64|arm|x64|ia32|loong64|ppc64|riscv64|s390x/.exec(name)?.[0]
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(
      `${name}@${version} is missing in the lockfile and is not a package for one platform. Pin another version of what needs it.`,
    )
  }
  const libc = os !== 'linux' ? undefined : name.includes('musl') ? 'musl' : /gnu/.test(name) ? 'glibc' : undefined
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc: [libc] } : {}), optional: true, os: [os] }
}
