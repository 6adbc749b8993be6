import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { type DefaultTheme, defineConfig, type MarkdownRenderer, type Plugin } from 'vitepress'

const docs = resolve(import.meta.dirname, '..')
const root = resolve(docs, '..')

/** Pages beside docs are compiled to imports of Vue too, and would look for it in the root's packages, where it is not. */
const vueOfDocs: Plugin = {
  name: 'vue-of-docs',
  enforce: 'pre',
  resolveId(id, importer, { ssr }) {
    if (!/^vue(\/|$)/.test(id) || importer === undefined || importer.startsWith(docs)) return undefined
    // What renders the pages is run where docs' packages are.
    return ssr ? { id, external: true } : this.resolve(id, join(docs, 'index.js'), { skipSelf: true })
  },
}

export default defineConfig({
  title: 'Kith',
  description: 'Shared apps that work offline, end-to-end encrypted, without a server to trust.',
  lang: 'en',
  // The root, so that links from docs to the documents beside it are links on the site too.
  srcDir: '..',
  srcExclude: ['{benchmarks,examples,packages,scripts,simulator,vectors}/**', '.*/**'],
  rewrites: toAddress,
  outDir: './dist',
  cacheDir: './node_modules/.vitepress',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { config: linksOfRepository },
  // One chunk is the index of the search.
  vite: { plugins: [vueOfDocs], build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Tutorial', link: '/guide/tutorial' },
      { text: 'Guide', link: '/guide/', activeMatch: '^/guide/(?!tutorial)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Security', link: '/security/promises', activeMatch: '^/security/' },
      { text: 'Protocol', link: '/protocol/', activeMatch: '^/protocol/' },
    ],
    sidebar: {
      '/': mainSidebar(),
      '/api/': [{ text: 'API reference', link: '/api/', items: titled('docs/api/@kith/**/*.md') }],
      '/decisions/': [{ text: 'Decisions', link: '/decisions/', items: titled('docs/decisions/0*.md') }],
    },
  },
})

function mainSidebar(): DefaultTheme.SidebarItem[] {
  return [
    {
      text: 'Start',
      items: [
        { text: 'Tutorial', link: '/guide/tutorial' },
        { text: 'Coming from …', link: '/guide/coming-from' },
      ],
    },
    { text: 'Ideas', items: titled('docs/guide/ideas/*.md') },
    { text: 'Recipes', items: titled('docs/guide/{recipes/*,migrations,devtools}.md') },
    { text: 'Security', items: titled('docs/security/{promises,threats,leaks,assumptions}.md') },
    { text: 'Running a hub', link: '/operations/' },
    { text: 'Protocol', collapsed: true, link: '/protocol/', items: titled('docs/protocol/*.md') },
    {
      text: 'The project',
      items: [
        { text: 'Glossary', link: '/glossary' },
        { text: 'API reference', link: '/api/' },
        { text: 'What is there', link: '/project/' },
        ...titled('{ARCHITECTURE,GOALS,CONTRIBUTING,SECURITY}.md'),
        { text: 'Decisions', link: '/decisions/' },
      ],
    },
  ]
}

/** Pages in the order of their numbers or names, each by its first heading. A page that is added is there. */
function titled(pattern: string): DefaultTheme.SidebarItem[] {
  return globSync(pattern, { cwd: root, exclude: (path) => basename(path) === 'README.md' })
    .sort()
    .map((path) => ({
      text: /^# (.*)$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1] ?? path,
      link: `/${toAddress(path).replace(/\.md$/, '')}`,
    }))
}

/** A page's address from its path. README.md is the front page of the repository; the site has one of its own. */
function toAddress(path: string): string {
  if (path === 'README.md') return 'project/index.md'
  if (!path.startsWith('docs/')) return `project/${path.toLowerCase()}`
  return path.slice('docs/'.length).replace(/README\.md$/, 'index.md')
}

/**
 * Links are those of the repository: from file to file. To another page they become its address here; to code and folders, which the site
 * does not carry, their text. What leads nowhere stays, and fails the build.
 */
function linksOfRepository(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links-of-repository', ({ tokens, env }) => {
    const { realPath, path } = env as { realPath?: string; path: string }
    for (const { children } of tokens) {
      let isCode = false
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const target = findTarget(realPath ?? path, token.attrGet('href') ?? '')
          isCode = target === 'code'
          if (target !== undefined && !isCode) token.attrSet('href', target)
        }
        if (!isCode || !token.type.startsWith('link_')) continue
        isCode = token.nesting === 1
        token.type = isCode ? 'span_open' : 'span_close'
        token.tag = 'span'
        token.attrs = isCode ? [['title', 'In the repository']] : null
      }
    }
  })
}

/** A page's address, `code` for what else is in the repository, undefined for what is neither. */
function findTarget(page: string, href: string): string | undefined {
  if (/^([a-z]+:|#|\/)/i.test(href)) return undefined
  const [file = '', anchor] = href.split('#')
  const found = resolve(dirname(page), decodeURIComponent(file))
  if (!existsSync(found)) return undefined
  const path = relative(root, found)
  const readme = path.endsWith('.md') ? path : `${path}/README.md`
  if (!/^(docs\/.*|[A-Z]+)\.md$/.test(readme)) return 'code'
  return existsSync(join(root, readme)) ? `/${toAddress(readme)}${anchor ? `#${anchor}` : ''}` : 'code'
}
