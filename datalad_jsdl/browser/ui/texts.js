/**
 * All words that people read, by language. `{n}` and the like are filled in.
 *
 * @typedef {Record<string, string>} Texts
 */

/** @type {Record<string, Texts>} */
export const TEXTS = {
  en: {
    zip: "Download {n} files as zip", folder: "Save {n} files to a folder", files: "{n} files · {size}",
    loading: "Reading the manifest", running: "Saving", paused: "Paused", cancelled: "Cancelled",
    ready: "{n} files saved and checked", unchecked: "{n} files saved, {m} without a checksum",
    failed: "{n} of {m} files saved, {k} failed", stopped: "Stopped",
    pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Try again", save: "Save the zip",
    forget: "I have it – free the space", again: "Download again", mirrors: "Mirrors that failed",
    list: "Save the list of failures", saved: "Saved", about: "about {time}", min: "{n} min", s: "{n} s",
    h: "{n} h", of: "{done} of {total}", count: "{n} of {m} files",
    close: "You may close the page. Open it later, and it continues.",
    hand: "The zip is complete and checked. Save it to your downloads.",
    "no-picker": "This browser cannot write to a folder, so you get one zip.",
    pick: "Make a new folder in Downloads; Downloads itself is refused by the browser.",
    refusals: "{n} entries were refused", command: "On the command line",
    // why something failed
    network: "refused access or is offline", offline: "you are offline", login: "needs a login, or refused",
    gone: "does not have the file", busy: "is busy", server: "has an error", wrong: "sent wrong bytes",
    size: "has a file of another size", cut: "closed the connection", stall: "stopped sending",
    range: "cannot send parts of a file", changed: "changed the file meanwhile", "no-urls": "no URL",
    space: "not enough space on this disk", lock: "another tab is downloading this already",
    permission: "the folder may not be written to", sink: "this browser has no place for the files",
    exists: "another file has this name in the folder", "no-size": "the size of a file is not known",
    manifest: "this is not a manifest", incomplete: "a file failed", internal: "an error in this program",
    "folder-name": "the browser refuses this name in a folder", "folder-write": "the folder cannot be written to",
    "symlink-folder": "a symlink; a browser cannot make one in a folder", rewind: "begin again", refused: "refused",
    twice: "the path comes twice", "is-folder": "the path is also a folder", misplaced: "the path is in a subdataset",
    name: "this path cannot be", other: "the entry is not valid",
  },
  de: {
    zip: "{n} Dateien als Zip laden", folder: "{n} Dateien in einen Ordner sichern", files: "{n} Dateien · {size}",
    loading: "Manifest wird gelesen", running: "Wird gesichert", paused: "Angehalten", cancelled: "Abgebrochen",
    ready: "{n} Dateien gesichert und geprüft", unchecked: "{n} Dateien gesichert, {m} ohne Prüfsumme",
    failed: "{n} von {m} Dateien gesichert, {k} fehlgeschlagen", stopped: "Beendet",
    pause: "Anhalten", resume: "Fortsetzen", cancel: "Abbrechen", retry: "Erneut versuchen",
    save: "Zip sichern", forget: "Ich habe es – Platz freigeben", again: "Erneut laden",
    mirrors: "Fehlgeschlagene Server", list: "Liste der Fehler sichern", saved: "Gesichert",
    about: "etwa {time}", min: "{n} min", s: "{n} s", h: "{n} h", of: "{done} von {total}",
    count: "{n} von {m} Dateien",
    close: "Sie können die Seite schließen. Später geöffnet, geht es weiter.",
    hand: "Das Zip ist vollständig und geprüft. Sichern Sie es zu Ihren Downloads.",
    "no-picker": "Dieser Browser kann nicht in Ordner schreiben; Sie bekommen ein Zip.",
    pick: "Legen Sie in Downloads einen neuen Ordner an; Downloads selbst lehnt der Browser ab.",
    refusals: "{n} Einträge wurden abgelehnt", command: "Auf der Kommandozeile",
    network: "verweigert den Zugriff oder ist nicht erreichbar", offline: "keine Verbindung",
    login: "verlangt eine Anmeldung oder verweigert", gone: "hat die Datei nicht", busy: "ist überlastet",
    server: "hat einen Fehler", wrong: "hat falsche Bytes gesendet", size: "hat eine Datei anderer Größe",
    cut: "hat die Verbindung geschlossen", stall: "sendet nichts mehr",
    range: "kann keine Teile einer Datei senden", changed: "hat die Datei inzwischen geändert",
    "no-urls": "keine URL", space: "zu wenig Platz auf diesem Datenträger",
    lock: "ein anderer Tab lädt dies schon", permission: "der Ordner darf nicht beschrieben werden",
    sink: "dieser Browser hat keinen Platz für die Dateien",
    exists: "eine andere Datei im Ordner heißt so", "no-size": "die Größe einer Datei ist nicht bekannt",
    manifest: "dies ist kein Manifest", incomplete: "eine Datei ist fehlgeschlagen",
    internal: "ein Fehler in diesem Programm", "folder-name": "der Browser lehnt diesen Namen im Ordner ab",
    "folder-write": "der Ordner ist nicht beschreibbar",
    "symlink-folder": "ein Symlink; ein Browser kann keinen im Ordner anlegen",
    rewind: "bitte neu beginnen", refused: "lehnt ab",
    twice: "der Pfad kommt zweimal vor", "is-folder": "der Pfad ist auch ein Ordner",
    misplaced: "der Pfad liegt in einem Subdataset", name: "diesen Pfad darf es nicht geben",
    other: "der Eintrag ist ungültig",
  },
};

/**
 * @param {string} language As in `lang`.
 * @param {Texts} [own] Texts of the page, which go before.
 * @returns {(key: string, values?: Record<string, string | number>) => string}
 */
export function translator(language, own = {}) {
  const texts = { ...TEXTS.en, ...TEXTS[language.slice(0, 2).toLowerCase()], ...own };
  return (key, values = {}) => (texts[key] ?? texts.other)
    .replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
