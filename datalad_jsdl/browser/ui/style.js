/**
 * The element's look. A page sets these on the element: `--jsdl-accent`, `--jsdl-on-accent`,
 * `--jsdl-text`, `--jsdl-muted`, `--jsdl-background`, `--jsdl-border`, `--jsdl-radius`, `--jsdl-font`.
 */
export const STYLE = `
:host { display: block; color-scheme: light dark; font: var(--jsdl-font, inherit);
  --a: var(--jsdl-accent, light-dark(#1f5fae, #8ab8f5)); --o: var(--jsdl-on-accent, light-dark(#fff, #10202f));
  --t: var(--jsdl-text, light-dark(#1c2430, #e6eaf0)); --m: var(--jsdl-muted, light-dark(#566070, #a9b4c2));
  --b: var(--jsdl-background, light-dark(#fff, #161c24)); --l: var(--jsdl-border, light-dark(#c9d0d9, #3a4553)); }
:host([hidden]) { display: none; }
section { background: var(--b); color: var(--t); border: 1px solid var(--l); padding: 1rem;
  border-radius: var(--jsdl-radius, 8px); overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
.top { justify-content: space-between; align-items: start; }
h2 { font-size: 1rem; margin: 0; }
p, ul, details, progress { margin: .5rem 0 0; }
.help, li span { color: var(--m); }
button { font: inherit; padding: .5rem 1rem; border: 1px solid var(--l); border-radius: 6px; background: var(--b);
  color: var(--t); cursor: pointer; }
.primary { background: var(--a); border-color: var(--a); color: var(--o); }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
a { color: var(--a); }
progress { width: 100%; accent-color: var(--a); }
code { unicode-bidi: isolate; }
ul { padding-left: 1.2rem; }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; margin: -1px; }
@media (forced-colors: active) { .primary { border-width: 2px; } }
`;
