/** Modification times as a manifest tells them. */
import { Fault } from "./fault.js";

// RFC 3339, with the liberties that portals take
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(?:([Zz])|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/;
// the years 1 to 9999
const FIRST = -62135596800;
const END = 253402300800;

/**
 * @param {unknown} value RFC 3339, in UTC if it has no zone, or seconds since 1970.
 * @returns {number | null} Whole seconds since 1970 UTC; null for null.
 * @throws {Fault} `time`
 */
export function parseTime(value) {
  if (value == null) return null;
  const seconds = typeof value === "number" ? Math.floor(Math.round(value * 1e6) / 1e6) : fromText(value);
  if (!(seconds >= FIRST && seconds < END)) throw new Fault("time");
  return seconds;
}

/** @param {unknown} value */
function fromText(value) {
  const match = typeof value === "string" ? TIME.exec(value.trim()) : null;
  if (!match) throw new Fault("time");
  const [year, month, day, hour, minute, given] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const second = given === 60 ? 59 : given; // a leap second is the end of its minute
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (year < 1 || !isDay || hour > 23 || minute > 59 || second > 59) throw new Fault("time");
  const zone = match[9] ? (Number(match[10]) * 60 + Number(match[11])) * (match[9] === "+" ? -60 : 60) : 0;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second + zone;
}
