/** All words that people read, in English and German. `{n}` and the like are filled in. */

/** @type {Record<string, [string, string]>} */
export const TEXTS = {
  zip: ["Download {n} files as zip", "{n} Dateien als Zip laden"],
  folder: ["Save {n} files to a folder", "{n} Dateien in einen Ordner sichern"],
  instead: ["Save as zip instead", "Stattdessen als Zip laden"],
  files: ["{n} files · {size}", "{n} Dateien · {size}"],
  loading: ["Reading the manifest", "Manifest wird gelesen"],
  running: ["Saving", "Wird gesichert"],
  paused: ["Paused", "Angehalten"],
  cancelled: ["Cancelled", "Abgebrochen"],
  ready: ["{n} files saved and checked", "{n} Dateien gesichert und geprüft"],
  unchecked: ["{n} files saved, {m} not checked", "{n} Dateien gesichert, {m} nicht geprüft"],
  failed: ["{n} of {m} files saved, {k} failed", "{n} von {m} Dateien gesichert, {k} fehlgeschlagen"],
  pause: ["Pause", "Anhalten"],
  resume: ["Resume", "Fortsetzen"],
  cancel: ["Cancel", "Abbrechen"],
  retry: ["Try again", "Erneut versuchen"],
  save: ["Save the zip", "Zip sichern"],
  forget: ["I have it – free the space", "Ich habe es – Platz freigeben"],
  mirrors: ["Mirrors that failed", "Fehlgeschlagene Server"],
  list: ["Save the list of failures", "Liste der Fehler sichern"],
  saved: ["Saved", "Gesichert"],
  about: ["about {time}", "etwa {time}"],
  of: ["{done} of {total}", "{done} von {total}"],
  count: ["{n} of {m} files", "{n} von {m} Dateien"],
  close: ["You may close the page. Open it later, and it continues.",
    "Sie können die Seite schließen. Später geöffnet, geht es weiter."],
  hand: ["Save it to your downloads.", "Sichern Sie es zu Ihren Downloads."],
  "no-picker": ["This browser cannot write to a folder, so you get one zip.",
    "Dieser Browser kann nicht in Ordner schreiben; Sie bekommen ein Zip."],
  pick: ["Make a new folder in Downloads; Downloads itself is refused by the browser.",
    "Legen Sie in Downloads einen neuen Ordner an; Downloads selbst lehnt der Browser ab."],
  refusals: ["Refused entries: {n}", "Abgelehnte Einträge: {n}"],
  command: ["On the command line", "Auf der Kommandozeile"],
  // why something failed
  network: ["refused access or is offline", "verweigert den Zugriff oder ist nicht erreichbar"],
  login: ["needs a login, or refused", "verlangt eine Anmeldung oder verweigert"],
  gone: ["does not have the file", "hat die Datei nicht"],
  busy: ["is busy", "ist überlastet"],
  server: ["has an error", "hat einen Fehler"],
  wrong: ["sent wrong bytes", "hat falsche Bytes gesendet"],
  size: ["has a file of another size", "hat eine Datei anderer Größe"],
  cut: ["closed the connection", "hat die Verbindung geschlossen"],
  stall: ["stopped sending", "sendet nichts mehr"],
  range: ["cannot send parts of a file", "kann keine Teile einer Datei senden"],
  changed: ["changed the file meanwhile", "hat die Datei inzwischen geändert"],
  "no-urls": ["no URL", "keine URL"],
  space: ["not enough space on this disk", "zu wenig Platz auf diesem Datenträger"],
  lock: ["another tab is downloading this already", "ein anderer Tab lädt dies schon"],
  permission: ["the folder cannot be written to", "der Ordner ist nicht beschreibbar"],
  sink: ["this browser has no place for the files", "dieser Browser hat keinen Platz für die Dateien"],
  exists: ["another file has this name in the folder", "eine andere Datei im Ordner heißt so"],
  "no-size": ["the size of a file is not known", "die Größe einer Datei ist nicht bekannt"],
  manifest: ["this is not a manifest", "dies ist kein Manifest"],
  incomplete: ["a file failed", "eine Datei ist fehlgeschlagen"],
  internal: ["an error in this program", "ein Fehler in diesem Programm"],
  "folder-name": ["the browser refuses this name in a folder", "der Browser lehnt diesen Namen im Ordner ab"],
  "symlink-folder": ["a symlink; a browser cannot make one in a folder",
    "ein Symlink; ein Browser kann keinen im Ordner anlegen"],
  rewind: ["begin again", "bitte neu beginnen"],
  refused: ["refused", "lehnt ab"],
  twice: ["the path comes twice", "der Pfad kommt zweimal vor"],
  name: ["this path cannot be", "diesen Pfad darf es nicht geben"],
  other: ["the entry is not valid", "der Eintrag ist ungültig"],
};

/**
 * @param {string} language As in `lang`.
 * @returns {(key: string, values?: Record<string, string | number>) => string}
 */
export function translator(language) {
  const column = /^de/i.test(language) ? 1 : 0;
  return (key, values = {}) => (TEXTS[key] ?? TEXTS.other)[column]
    .replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")).replace(/\b1 (file|Datei)(s|en)\b/, "1 $1");
}
