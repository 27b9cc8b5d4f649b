// Where a browser can write to a folder that somebody picks, the files of an order can go there, too:
// out of its zip, so that all of them come from this server.
const ELEMENT = "/static/jsdl/jsdl-element.js";

export function offerFolder(root) {
  const place = root.querySelector("[data-folder]:empty");
  if (!place || !("showDirectoryPicker" in window)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = "Save to a folder instead";
  button.addEventListener("click", () => open(place));
  place.append(button);
}

// The list of files is asked for only now: it may be long.
async function open(place) {
  const made = document.createElement("jsdl-download");
  const attributes = { manifest: place.dataset.folder, as: "folder", heading: "Save to a folder", credentials: "" };
  for (const [name, value] of Object.entries({ ...attributes, tabindex: -1 })) made.setAttribute(name, value);
  await import(ELEMENT);
  place.replaceChildren(made);
  made.focus();
}
