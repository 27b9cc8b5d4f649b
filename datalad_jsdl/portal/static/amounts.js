// Numbers and bytes, said as the server says them.
const GAP = "\u00a0";
const UNITS = [["EB", 1e18], ["PB", 1e15], ["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["KB", 1e3]];

/** A number of files: "1 file", "17,384 files". */
export function filesText(number) {
  return `${number.toLocaleString("en")}${GAP}${number === 1 ? "file" : "files"}`;
}

/** Bytes in three digits: "3.08 GB". */
export function bytesText(size) {
  for (const [unit, factor] of UNITS) {
    if (size >= factor) {
      const value = size / factor;
      return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)}${GAP}${unit}`;
    }
  }
  return `${size}${GAP}${size === 1 ? "byte" : "bytes"}`;
}
