/** The panel's look, in light and dark as the page's reader has it. */
export const style = `
:host {
  --paper: #fff; --ink: #1c2024; --soft: #5f6875; --line: #dfe3e8; --bar: #f4f6f8; --accent: #2457c5;
  --good: #17693c; --good-paper: #e0f3e7; --bad: #a3231b; --bad-paper: #fbe5e3; --wait: #7a5200; --wait-paper: #fdf0d0;
  all: initial; color-scheme: light dark; position: fixed; inset: auto 0 0 0; z-index: 2147483647; height: min(55vh, 34rem);
  font: 13px/1.45 system-ui, sans-serif; color: var(--ink);
}
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #16191d; --ink: #e6e9ed; --soft: #9aa4b1; --line: #2e353d; --bar: #1f242a; --accent: #86adff;
    --good: #7ed6a0; --good-paper: #16331f; --bad: #ff9d94; --bad-paper: #421a17; --wait: #f0c36a; --wait-paper: #3b2c0b;
  }
}
* { box-sizing: border-box; }
section { display: flex; flex-direction: column; height: 100%; background: var(--paper); border-top: 1px solid var(--line); box-shadow: 0 -4px 24px #0003; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; padding: .375rem .75rem; background: var(--bar); border-bottom: 1px solid var(--line); }
[role=tablist] { display: flex; flex-wrap: wrap; gap: .125rem; flex: 1; }
button, select, input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .375rem; padding: .25rem .625rem; }
button { cursor: pointer; }
select { max-width: 14rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
[role=tab] { border-color: transparent; background: none; color: var(--soft); }
[role=tab][aria-selected=true] { background: var(--paper); border-color: var(--line); color: var(--ink); font-weight: 600; }
[role=tabpanel] { flex: 1; overflow: auto; padding: .75rem; }
h2 { font-size: 1em; margin: 1rem 0 .375rem; }
h2:first-child { margin-top: 0; }
p { margin: 0 0 .75rem; }
form { margin-bottom: .75rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: .75rem; }
th { position: sticky; top: -.75rem; background: var(--paper); text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .3125rem .625rem .3125rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
th { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 12px/1.4 ui-monospace, monospace; color: var(--soft); cursor: copy; white-space: nowrap; }
small { font-size: 12px; color: var(--soft); }
.over { color: var(--soft); }
.badge { display: inline-block; padding: 0 .4375rem; border-radius: 1rem; background: var(--bar); white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-paper); }
.badge.bad { color: var(--bad); background: var(--bad-paper); }
.badge.wait { color: var(--wait); background: var(--wait-paper); }
.link { border: 0; background: none; padding: 0; color: var(--accent); font: 12px ui-monospace, monospace; text-decoration: underline; }
.empty { color: var(--soft); }
.problem { color: var(--bad); }
`
