// Limits of a record that no descriptor has. The server checks them too; here they are found before
// anything is sent, and before a record stands in a queue.
import type { DescField } from "@bufbuild/protobuf";

/** What is wrong with a text of so many bytes, as "got …, wanted …"; undefined: nothing. */
export type TextCheck = (text: string, byteLength: number) => string | undefined;

export const LABELS_MAX = 32;
const ID_BYTES_MAX = 128;
const COMMENT_BYTES_MAX = 16 * 1024;
const NOTE_BYTES_MAX = 1024;

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
// C0 and C1 controls and DEL.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** `text` in quotation marks, as much of it as helps. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= 64 ? text : `${text.slice(0, 64)}…`);
}

// Whoever sends many records sends few names.
const goodNames = new Set<string>();

export function checkName(text: string): string | undefined {
  if (goodNames.has(text)) return undefined;
  if (!NAME.test(text)) {
    return `got ${quoted(text)}, wanted a lower-case letter and up to 62 more of a-z, 0-9, _ and -`;
  }
  if (goodNames.size >= 1000) goodNames.clear();
  goodNames.add(text);
  return undefined;
}

export function checkId(text: string, byteLength: number): string | undefined {
  if (byteLength < 1 || byteLength > ID_BYTES_MAX) {
    return `got ${byteLength} bytes, wanted 1 to ${ID_BYTES_MAX}`;
  }
  return CONTROL.test(text) ? "got a control character, wanted text without any" : undefined;
}

export function checkLabelValue(text: string, byteLength: number): string | undefined {
  if (text === "(none)" || text === "(other)") return `got ${quoted(text)}, which is reserved`;
  return checkId(text, byteLength);
}

function checkFeedbackId(text: string): string | undefined {
  return UUID_V7.test(text) ? undefined : `got ${quoted(text)}, wanted a UUID of version 7`;
}

const atMost = (limit: number) => (_: string, byteLength: number) =>
  byteLength > limit ? `got ${byteLength} bytes, wanted at most ${limit}` : undefined;

const CHECKS: ReadonlyMap<string, TextCheck> = new Map<string, TextCheck>([
  ["field emptychair.v1.Feedback.survey_id", checkName],
  ["field emptychair.v1.Feedback.feedback_id", checkFeedbackId],
  ["field emptychair.v1.Feedback.external_id", checkId],
  ["field emptychair.v1.Feedback.customer_id", checkId],
  ["field emptychair.v1.Feedback.comment", atMost(COMMENT_BYTES_MAX)],
  // Of each value; the keys are names, and there are LABELS_MAX at most.
  ["field emptychair.v1.Feedback.labels", checkLabelValue],
  ["field emptychair.v1.Exclusion.note", atMost(NOTE_BYTES_MAX)],
]);

/** What a text field of a record is checked for, beyond being text. */
export function checksOf(field: DescField): TextCheck | undefined {
  return CHECKS.get(String(field));
}
