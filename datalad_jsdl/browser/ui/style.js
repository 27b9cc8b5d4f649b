/**
 * The element's look. A page sets these on the element: `--jsdl-accent`, `--jsdl-on-accent`,
 * `--jsdl-text`, `--jsdl-muted`, `--jsdl-background`, `--jsdl-border`, `--jsdl-radius`, `--jsdl-font`.
 */
export const STYLE = `
:host { display: block; color-scheme: light dark; font: var(--jsdl-font, inherit);
  --a: var(--jsdl-accent, light-dark(#1f5fae, #8ab8f5)); }
:host([hidden]) { display: none; }
section, button { color: var(--jsdl-text, light-dark(#1c2430, #e6eaf0));
  background: var(--jsdl-background, light-dark(#fff, #161c24));
  border: 1px solid var(--jsdl-border, light-dark(#c9d0d9, #3a4553)); border-radius: var(--jsdl-radius, 8px);
  padding: 1rem; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
.top { justify-content: space-between; align-items: start; }
h2 { font-size: 1rem; margin: 0; }
p, ul, details, progress { margin: .5rem 0 0; }
.help, li span { color: var(--jsdl-muted, light-dark(#566070, #a9b4c2)); }
button { font: inherit; padding: .5rem 1rem; border-radius: 6px; cursor: pointer; }
.primary { color: var(--jsdl-on-accent, light-dark(#fff, #10202f)); background: var(--a); border-color: var(--a); }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
a { color: var(--a); }
progress { width: 100%; accent-color: var(--a); }
code { unicode-bidi: isolate; }
ul { padding-left: 1.2rem; }
.vh { position: fixed; clip-path: inset(50%); }
@media (forced-colors: active) { .primary { border-width: 2px; } }
`;
