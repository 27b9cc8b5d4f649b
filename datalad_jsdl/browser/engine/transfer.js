/** One file from its candidates into the sink: read, checked, written, unit by unit. */
import { crc32 } from "../core/crc.js";
import { Fault } from "../core/fault.js";
import { EMPTY } from "../core/zip.js";
import { checkOf } from "./pieces.js";

/** @typedef {import("./source.js").Context} Context */
/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").Candidate} Candidate */
/** @typedef {import("./journal.js").State} State */
/** @typedef {import("../sinks/sink.js").Sink} Sink */
/** @typedef {import("../sinks/sink.js").File} File */

const READ_AGAIN = 1 << 20; // bytes at a time

/**
 * Get all of a file.
 *
 * @param {number} number Of the file.
 * @param {File} file @param {State} state Where it begins; kept up to date.
 * @param {Sink} sink @param {Source} source @param {Context} context
 * @throws {Fault} No candidate has it, or the sink does not take it.
 */
export async function transfer(number, file, state, sink, source, context) {
  const { size } = file;
  const check = checkOf(file);
  const written = /** @type {Set<Candidate>} */ (new Set()); // those who gave what is written
  let suspects = /** @type {Set<Candidate> | undefined} */ (undefined);

  /** Check what an earlier visit has written, as far as later checks need it. */
  async function prepare() {
    const { position } = state;
    // the last unit was checked before it was written
    if (!position || position === size) return;
    if (position % check.unit) return restart();
    for (let at = 0; check.hasher && at < position; at += READ_AGAIN) {
      check.hasher.update(await sink.read(number, at, Math.min(READ_AGAIN, position - at)));
    }
  }

  async function restart() {
    if (state.position) await sink.reset(number);
    context.onWritten(-state.position);
    state.position = state.crc = 0;
    written.clear();
    check.reset();
  }

  /** From where it stands to the end; while one unit is checked and written, the next is read. */
  async function read() {
    const buffers = /** @type {Uint8Array[]} */ ([]);
    let committing = Promise.resolve();
    let start = state.position, held = 0, turn = 0;
    let givers = /** @type {Set<Candidate>} */ (new Set());
    try {
      for await (const { bytes, candidate } of source.read(start, size, check.unit)) {
        for (let at = 0; at < bytes.length;) {
          const wanted = Math.min(check.unit, size - start);
          const buffer = (buffers[turn] ??= new Uint8Array(wanted)).subarray(0, wanted);
          const part = bytes.subarray(at, at + wanted - held);
          givers.add(candidate);
          buffer.set(part, held);
          held += part.length;
          at += part.length;
          if (held < wanted) continue;
          await committing;
          committing = commit(buffer, givers);
          committing.catch(() => {}); // told of by the next `await`
          [start, held, turn, givers] = [start + wanted, 0, 1 - turn, new Set()];
        }
      }
      await committing;
    } finally {
      await committing.catch(() => {}); // nothing is written once this is over
    }
  }

  /** @param {Uint8Array} bytes The next unit, all of it. @param {Set<Candidate>} givers */
  async function commit(bytes, givers) {
    for (const giver of givers) written.add(giver);
    try {
      await check.unitIs(bytes, state.position);
    } catch (error) {
      suspects = check.hasher ? new Set(written) : givers;
      throw error;
    }
    const crc = crc32(bytes, state.crc);
    await sink.write(number, state.position, bytes, crc);
    state.crc = crc;
    state.position += bytes.length;
    context.onWritten(bytes.length);
  }

  await prepare();
  const own = file.content ?? (size ? null : EMPTY);
  if (own) await commit(own, new Set());
  while (state.position < size) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== "wrong" || !suspects) throw error;
      source.blame(suspects);
      suspects = undefined;
      if (check.hasher) await restart();
    }
  }
  state.complete = true;
  state.verified = check.verifies;
  await sink.complete(number, state);
}
