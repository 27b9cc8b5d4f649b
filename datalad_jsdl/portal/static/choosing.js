// Tables with boxes: "select all", and a button that says what will be added.
import { bytesText, filesText } from "./amounts.js";

export function watchChoices(root) {
  for (const table of root.querySelectorAll("table[data-choose]")) {
    const all = table.querySelector("[data-all]");
    const boxes = [...table.querySelectorAll("tbody input[type=checkbox]")];
    const button = table.closest("form").querySelector("[data-add]");
    const row = button?.closest("[data-adding]");
    const plain = button?.textContent;

    const show = () => {
      const chosen = boxes.filter((box) => box.checked);
      for (const box of boxes) box.closest("tr").classList.toggle("is-chosen", box.checked);
      all.checked = chosen.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
      row?.classList.toggle("is-chosen", chosen.length > 0);
      button?.classList.toggle("btn--primary", chosen.length > 0);
      // what is ticked is not on the list yet: one button is the next one, not two
      root.querySelector("[data-review]")?.classList.toggle("btn--primary", !chosen.length);
      if (button) {
        const sum = (name) => chosen.reduce((found, box) => found + Number(box.dataset[name]), 0);
        button.textContent = chosen.length
          ? `Add ${filesText(sum("files"))}, ${bytesText(sum("bytes"))}`
          : plain;
      }
    };
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      show();
    });
    table.addEventListener("change", show);
    show(); // a browser that goes back has the boxes ticked already
  }
}
