// Ids for records whose sender has none.
import { randomFillSync } from "node:crypto";

const POOL_BYTES = 10 * 1024;
const UNIX_MS_MAX = 2 ** 48 - 1;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * A new `feedbackId`: a UUIDv7 (RFC 9562, section 5.7) of 36 lower-case characters, whose time is
 * `occurTime` and whose other 74 bits are random. It has no counter: after the clock is set back,
 * the next ids are of that time. Keep it with the record, and send it again with every retry.
 *
 * @param occurTime from 1970 to the year 10889; a time outside reads as the nearer end.
 */
export function newFeedbackId(occurTime: Date | number): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 10;
  const hex = (i: number) => HEX[pool[at + i]!]!;
  // Version 7 in front of 12 bits, variant 10 in front of 62.
  return (
    `${timeDigits(occurTime)}-${HEX[0x70 | (pool[at]! & 0x0f)]}${hex(1)}-` +
    `${HEX[0x80 | (pool[at + 2]! & 0x3f)]}${hex(3)}-` +
    hex(4) +
    hex(5) +
    hex(6) +
    hex(7) +
    hex(8) +
    hex(9)
  );
}

let lastMs = Number.NaN;
let lastDigits = "";

// Many ids are made in one millisecond.
function timeDigits(occurTime: Date | number): string {
  const ms = Math.min(Math.max(Math.trunc(Number(occurTime)), 0), UNIX_MS_MAX);
  if (ms !== lastMs) {
    const digits = ms.toString(16).padStart(12, "0");
    lastMs = ms;
    lastDigits = `${digits.slice(0, 8)}-${digits.slice(8)}`;
  }
  return lastDigits;
}

/** Milliseconds since 1970 of an id made so. */
export function timeOfFeedbackId(feedbackId: string): number {
  return Number.parseInt(feedbackId.slice(0, 8) + feedbackId.slice(9, 13), 16);
}
