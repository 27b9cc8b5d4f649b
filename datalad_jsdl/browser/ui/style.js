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
section { background: var(--b); color: var(--t); border: 1px solid var(--l);
  border-radius: var(--jsdl-radius, 8px); padding: 1rem; overflow-wrap: anywhere; }
.top { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: space-between; align-items: start; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
h2 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0 0; }
.help, .state, li span { color: var(--m); }
button { font: inherit; padding: .45rem .9rem; border: 1px solid var(--l); border-radius: 6px; background: var(--b);
  color: var(--t); cursor: pointer; }
button.primary { background: var(--a); border-color: var(--a); color: var(--o); }
button:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
a { color: var(--a); }
progress { width: 100%; margin-top: .75rem; accent-color: var(--a); }
code { unicode-bidi: isolate; }
ul { margin: .5rem 0 0; padding-left: 1.2rem; }
details { margin-top: .5rem; }
.vh { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (forced-colors: active) { button.primary { border-width: 2px; } }
`;
