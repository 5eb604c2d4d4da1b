// Positions in the feed of changes, as text.
import { fieldError } from "./errors.js";
import type { WatchFeedbackRequest } from "./gen/api.js";
import { describe } from "./message/times.js";

/**
 * Up to which change a store was read: what `watchFeedback`, `listFeedback` and `getStatus` answer,
 * and what `watchFeedback` goes on from.
 */
export interface Position {
  readonly storeId: string;
  readonly epoch: string;
  readonly sequence: bigint;
}

const TEXT = /^([^:]+):([^:]+):(\d{1,19})$/;
const SEQUENCE_MAX = 2n ** 63n - 1n;

/** `STORE_ID:EPOCH:SEQUENCE`, as chairctl prints it. */
export function positionText({ storeId, epoch, sequence }: Position): string {
  return `${storeId}:${epoch}:${sequence}`;
}

/**
 * Reads what `positionText` writes, and `0`, which stands before the oldest change that is kept.
 * Error: FIELD_INVALID. Whether the store has the position is for the server to say.
 */
export function parsePosition(text: string): Position {
  if (text === "0") return { storeId: "", epoch: "", sequence: 0n };
  const found = typeof text === "string" ? TEXT.exec(text) : null;
  const sequence = BigInt(found?.[3] ?? SEQUENCE_MAX + 1n);
  if (found === null || sequence > SEQUENCE_MAX) {
    throw fieldError(
      "FIELD_INVALID",
      "position",
      `got ${describe(text)}, wanted STORE_ID:EPOCH:SEQUENCE as it was answered, or 0 for the ` +
        "oldest change that is kept",
    );
  }
  return { storeId: found[1]!, epoch: found[2]!, sequence };
}

/** The part of a request that has `watchFeedback` go on behind the position. */
export function after(
  position: Position | string,
): Pick<WatchFeedbackRequest, "afterSequence" | "storeId" | "epoch"> {
  const { storeId, epoch, sequence } =
    typeof position === "string" ? parsePosition(position) : position;
  return { afterSequence: sequence, storeId, epoch };
}
