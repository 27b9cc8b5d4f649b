// What somebody has come for begins without another press: a zip is asked for, and downloaded.
const STARTED = "jsdl-started";

export function askByItself(root) {
  root.querySelector("form[data-ask]")?.requestSubmit();
}

// Once a tab: a page that is loaded again does not download it again.
export function startDownload(root) {
  const link = root.querySelector("a[data-start]");
  if (!link || remembered() === link.dataset.start) return;
  remember(link.dataset.start);
  link.click();
}

function remembered() {
  try {
    return sessionStorage.getItem(STARTED);
  } catch {
    return null; // no storage is allowed here
  }
}

function remember(name) {
  try {
    sessionStorage.setItem(STARTED, name);
  } catch {
    // then it may begin twice
  }
}
