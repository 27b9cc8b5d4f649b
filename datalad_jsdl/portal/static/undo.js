// "Undo" stays for ten seconds, and longer under the pointer or with the focus in it.
export function watchUndo(root) {
  const bar = root.querySelector("[data-undo]");
  if (!bar) return;
  // what is undone already must not be offered again by "back" or a reload
  history.replaceState(null, "", location.pathname);
  const left = bar.querySelector("[data-left]");
  let seconds = 10;
  const timer = setInterval(() => {
    if (bar.matches(":hover, :focus-within")) return;
    seconds -= 1;
    left.textContent = `${seconds}\u00a0s`;
    if (seconds > 0) return;
    clearInterval(timer);
    bar.remove();
  }, 1000);
}
