// What the pages do better with JavaScript. Each of them works without it.
import { watchChoices } from "./choosing.js";
import { watchCopying } from "./copying.js";
import { offerFolder } from "./folder.js";
import { watchOrder } from "./progress.js";
import { askByItself, startDownload } from "./starting.js";
import { watchUndo } from "./undo.js";

document.documentElement.classList.add("js");
watchChoices(document);
watchCopying(document);
watchOrder(document);
watchUndo(document);
startDownload(document);
offerFolder(document);
askByItself(document);
