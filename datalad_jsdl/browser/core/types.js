/**
 * What the modules hand to each other. All sizes and positions are bytes, all times seconds.
 *
 * @typedef {object} Member A file in a zip.
 * @property {string} path Relative, with `/` between its parts.
 * @property {number} size Of the content; of the target, for a symlink.
 * @property {number | null} mtime Whole seconds since 1970 UTC, null for unknown.
 * @property {boolean} [executable]
 * @property {boolean} [symlink] The content is its target.
 *
 * @typedef {object} Pieces Digests of equal parts of a file; the last part may be shorter.
 * @property {string} algorithm
 * @property {number} length Of each part.
 * @property {string[]} digests Lower-case hex, in order.
 *
 * @typedef {object} Access That a file is not for everybody, and where to ask.
 * @property {"login" | "terms" | "request"} kind
 * @property {string} url
 * @property {string} text
 *
 * @typedef {object} Entry A file of a manifest, checked.
 * @property {string} path As in the manifest, with `//` where a subdataset begins.
 * @property {string[]} urls Candidate URLs, the first to be tried first.
 * @property {number | null} size Null for unknown.
 * @property {Record<string, string>} digests Algorithm → lower-case hex.
 * @property {Pieces | null} pieces
 * @property {number | null} mtime
 * @property {boolean} ownMtime Its time is not shared with entries of the same content.
 * @property {boolean} executable
 * @property {boolean} symlink
 * @property {Uint8Array | null} content That the manifest has itself, in a `data:` URL.
 * @property {Access | null} access
 * @property {string} where Place in the document.
 * @property {Record<string, any>} given What the document says of it.
 *
 * @typedef {object} Refusal An entry that is not let in.
 * @property {string | null} path
 * @property {string} reason A key of the table of texts.
 * @property {string} where
 *
 * @typedef {object} NamedArchive A zip of the whole manifest, to fetch many small files by one range.
 * @property {string[]} urls
 * @property {string} leadingDir Folder that all its members are in; may be empty.
 *
 * @typedef {object} Manifest
 * @property {Entry[]} entries
 * @property {Refusal[]} refused
 * @property {NamedArchive[]} archives
 */
export {};
