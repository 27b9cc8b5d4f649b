// Buttons that copy the text beside them.
export function watchCopying(root) {
  root.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const text = button.parentElement.querySelector("[data-text]");
    const said = button.querySelector("[data-said]");
    let word = "Copied";
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      // not allowed, or a page without TLS: it is chosen, and the usual keys copy it
      const range = document.createRange();
      range.selectNodeContents(text);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      word = "Selected";
    }
    said.textContent = word;
    setTimeout(() => { said.textContent = "Copy"; }, 2000);
  });
}
