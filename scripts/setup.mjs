// Makes a fresh clone ready, then runs a script in it: `node scripts/setup.mjs [--browsers] [--servers] [--docs] [SCRIPT PARAMETERS…]`.
// It installs the locked packages, checks that Node 24 came with them, with `--browsers` installs the browsers of the
// tests, with `--servers` the PostgreSQL, NATS, ACME authority and S3 service that they start, with `--docs` the packages that make the site of the documentation, and runs SCRIPT by that Node. Plain JavaScript for Node 20, because it runs before anything is installed.
// (A shell line `setup && node x.ts` would not do: the shell remembers where it found the first `node`.)
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const nodeMajorMin = 24
const isWindows = process.platform === 'win32'

const words = process.argv.slice(2)
const wants = (word) => words[0] === word && words.shift() === word
const wantsBrowsers = wants('--browsers')
const wantsServers = wants('--servers')
const wantsDocs = wants('--docs')
const [script, ...scriptParameters] = words

if (!isInstalled(root)) installPackages(root)
const node = findNode()
if (wantsBrowsers) ensureBrowsers()
if (wantsServers) ensureServers()
if (wantsDocs && !isInstalled(join(root, 'docs'))) installPackages(join(root, 'docs'))
if (script !== undefined) runScript(node, [script, ...scriptParameters])

/**
 * Compares the lockfile with the copy that npm keeps of what it installed, so that a hand-made `npm install`
 * counts too and an interrupted one (npm writes its copy last) does not.
 */
function isInstalled(folder) {
  const installedPath = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return false
  const wanted = readPackages(join(folder, 'package-lock.json'))
  const installed = readPackages(installedPath)
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = installed[path]
    if (entry.link === true) return found?.resolved === entry.resolved
    if (found === undefined) return entry.optional === true && !isForThisMachine(entry)
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
  } catch (error) {
    if (path.endsWith('package-lock.json') && !path.includes('node_modules')) {
      fail(`package-lock.json cannot be read (${error.message}). Restore it: git checkout package-lock.json`)
    }
    return {}
  }
}

/** Only packages with prebuilt files name a platform; which C library is left to npm. */
function isForThisMachine(entry) {
  if ((entry.os === undefined && entry.cpu === undefined) || entry.libc !== undefined) return false
  const allows = (list, value) => list === undefined || [list].flat().includes(value)
  return allows(entry.os, process.platform) && allows(entry.cpu, process.arch)
}

function installPackages(folder) {
  const what = folder === root ? 'packages' : 'packages of the documentation'
  say(`Installing the locked ${what}, once; about 20 seconds …`)
  // No package may run an install script: what the lockfile's hashes name is all that comes in.
  const quiet = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const ci = npm(['ci', ...quiet], ['ignore', 'inherit', 'pipe'])
  if (ci.status !== 0) {
    // Its first lines say why; forty lines about its options follow.
    say(`npm ci refused, trying npm install:\n${String(ci.stderr).split('\n').slice(0, 6).join('\n')}`)
    npm(['install', '--no-save', ...quiet], 'inherit')
  }
  if (isInstalled(folder)) return say('Packages installed.')
  fail(
    'The packages could not be installed; npm’s message is above. Check the network, then run the same command again.',
  )
}

function npm(parameters, stdio) {
  const path = process.env.npm_execpath
  // The npm that started us runs on its own Node: not on the one in node_modules, which `npm ci` is about to replace.
  const nodeOfNpm = process.env.npm_node_execpath ?? process.execPath
  return path?.endsWith('.js')
    ? run(nodeOfNpm, [path, ...parameters], {}, stdio)
    : run(isWindows ? 'npm.cmd' : 'npm', parameters, {}, stdio)
}

/** The Node to run everything by: the one that the lockfile names, else the machine's own if it is new enough. */
function findNode() {
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  // Not by node_modules/.bin: npm 10 makes no link there for a command called node.
  const bundled = join(root, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node')
  const command = existsSync(bundled) ? bundled : 'node'
  const result = spawnSync(command, ['--version'], { encoding: 'utf8' })
  const version = (result.stdout ?? '').trim()
  if (Number(version.slice(1).split('.')[0]) >= nodeMajorMin) return command
  fail(
    `Kith needs Node ${nodeMajorMin} or newer, and found ${version === '' ? 'none that starts' : version}. ` +
      (existsSync(bundled)
        ? 'Remove the folder node_modules and run the same command again.'
        : `No Node package comes with Kith for ${process.platform} ${process.arch}: install Node ${nodeMajorMin} yourself and run the same command again.`),
  )
}

/** Without them everything else still runs: the browsers' tests then fail and say the same. */
function ensureBrowsers() {
  // The places that packages/browser's tests look in too.
  const browsers = [
    { name: 'chromium', variable: 'CHROMIUM', path: '/usr/bin/chromium' },
    { name: 'firefox-esr', variable: 'FIREFOX', path: '/usr/bin/firefox-esr' },
  ]
  const missing = browsers.filter(
    ({ variable, path }) => ![process.env[variable], path].some((p) => p && existsSync(p)),
  )
  const paths = missing.map(({ variable }) => variable).join(' and ')
  installDebian(
    missing.map(({ name }) => name),
    "the browsers' tests",
    `, and set ${paths} to their paths`,
  )
}

/** What the tests of a hub of many processes, of one that gets its own certificate and of one on S3 start for themselves, on ports of their own. */
function ensureServers() {
  const servers = [
    { name: 'postgresql', isThere: existsSync('/usr/lib/postgresql') },
    { name: 'nats-server', isThere: existsSync('/usr/sbin/nats-server') },
    { name: 'pebble', isThere: existsSync('/usr/bin/pebble') },
    // The libraries alone, without the packages that would run it as a service of the machine.
    { name: 'python3-swift', isThere: existsSync('/usr/lib/python3/dist-packages/swift') },
  ]
  const missing = servers.filter(({ isThere }) => !isThere)
  installDebian(
    missing.map(({ name }) => name),
    'the tests of many hub processes, of certificates and of S3',
    '',
  )
}

function installDebian(names, forWhat, elsewhere) {
  if (names.length === 0) return
  const all = names.join(' and ')
  if (!existsSync('/etc/debian_version')) {
    return say(`For ${forWhat}, install ${all}${elsewhere}.`)
  }
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  say(`Installing Debian’s ${all} for ${forWhat} (apt-get), once …`)
  const steps = [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-qq', '-y', '--no-install-recommends', ...names],
  ]
  for (const step of steps) {
    const [command, ...parameters] = [...asRoot, ...step]
    const { status } = run(command, parameters, { DEBIAN_FRONTEND: 'noninteractive' }, ['ignore', 'pipe', 'inherit'])
    if (status !== 0) return say(`${[...asRoot, ...step].join(' ')} failed. Install ${all} by hand.`)
  }
  say(`Installed: ${all}.`)
}

/** Replaces this process as well as Node can: signals go on to the script, and its status comes back. */
function runScript(command, parameters) {
  const path = [dirname(command), join(root, 'node_modules', '.bin'), process.env.PATH ?? '']
  const child = spawn(command, parameters, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path.filter((folder) => folder !== '.').join(delimiter) },
  })
  // Ctrl-C reaches the script from the terminal by itself; we only must not end before it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${command} does not start: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

function run(command, parameters, environment = {}, stdio = 'inherit') {
  return spawnSync(command, parameters, {
    cwd: root,
    stdio,
    env: { ...process.env, ...environment },
    shell: isWindows && command.endsWith('.cmd'),
  })
}

function say(text) {
  console.log(`[setup] ${text}`)
}

function fail(text) {
  console.error(`[setup] ${text}`)
  process.exit(1)
}
