/**
 * A failure as data: what kind it is decides what is done, and which text of the table is shown.
 */
export class Fault extends Error {
  /**
   * @param {string} kind A key of the table of texts.
   * @param {{path?: string, origin?: string, status?: number, wait?: number, detail?: string}} [data]
   *   `wait`: seconds that the server asks for.
   */
  constructor(kind, data = {}) {
    super(kind);
    this.name = "Fault";
    this.kind = kind;
    this.data = data;
  }
}

/**
 * @param {unknown} error
 * @param {string} kind For what is no `Fault` yet.
 * @returns {Fault}
 */
export function asFault(error, kind) {
  return error instanceof Fault ? error : new Fault(kind, { detail: String(error) });
}

/**
 * @param {unknown} error
 * @returns {{fault: string, detail?: string}} For a report of what failed as a whole.
 */
export function failure(error) {
  const { kind, data } = asFault(error, "internal");
  return { fault: kind, detail: data.detail ?? data.path };
}

/**
 * @param {unknown} condition That has to hold.
 * @param {string} kind
 * @param {Fault["data"]} [data]
 * @returns {asserts condition}
 * @throws {Fault}
 */
export function need(condition, kind, data) {
  if (!condition) throw new Fault(kind, data);
}
