/** Modification times as a manifest tells them. */
import { need } from "./fault.js";

// RFC 3339, with the liberties that portals take
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/;
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
  need(seconds >= FIRST && seconds < END, "time");
  return seconds;
}

/** @param {unknown} value */
function fromText(value) {
  const match = typeof value === "string" && TIME.exec(value.trim());
  need(match, "time");
  const [, year, month, day, hour = "00", minute = "00", given = "00", sign, hours, minutes] = match;
  const second = given === "60" ? "59" : given; // a leap second is the end of its minute
  const told = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(told);
  // browsers do not agree on days that are not in a month
  need(date.toJSON() === told, "time");
  const zone = sign ? (Number(hours) * 60 + Number(minutes)) * (sign === "+" ? -60 : 60) : 0;
  return Number(date) / 1000 + zone;
}
