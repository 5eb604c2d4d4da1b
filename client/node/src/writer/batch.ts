// Records that are sent together: their bytes as they stand in a request, one behind the other.
import { create, fromBinary, type Message } from "@bufbuild/protobuf";
import { answerOf } from "../message/decode.js";
import { ruleOf } from "../message/fields.js";
import type { Feedback } from "../gen/api.js";
import {
  FeedbackSchema,
  StreamFeedbackRequestSchema,
} from "../gen/emptychair/v1/feedback_service_pb.js";

const FEEDBACK_FIELD = StreamFeedbackRequestSchema.field.feedback.number;
const WIRE_BYTES = 2;
/** Stands in front of each record, and is one byte. */
export const RECORD_TAG = FEEDBACK_FIELD * 8 + WIRE_BYTES;

const feedbackRule = ruleOf(FeedbackSchema);

export interface Batch {
  /** Of the first record; numbers count what was added, from 0 on. */
  readonly first: number;
  readonly bytes: Buffer;
  /** Where each record ends. */
  readonly ends: readonly number[];
  /** What came with each record; undefined: nothing did. */
  readonly contexts: readonly unknown[] | undefined;
  /** When its first record was added, by the client's clock. */
  readonly addedAt: number;
  /** How often it was sent. */
  sends: number;
  /** The number that it was sent under last. */
  number: bigint;
}

export const countOf = (batch: Batch): number => batch.ends.length;

/** The records from `from` up to `to` as a batch of their own. */
export function part(batch: Batch, from: number, to: number): Batch {
  const start = from === 0 ? 0 : batch.ends[from - 1]!;
  return {
    ...batch,
    first: batch.first + from,
    bytes: batch.bytes.subarray(start, batch.ends[to - 1]),
    ends: batch.ends.slice(from, to).map((end) => end - start),
    contexts: batch.contexts?.slice(from, to),
  };
}

/** The records at these places as a batch of their own. */
export function pick(batch: Batch, indexes: readonly number[]): Batch {
  const parts = indexes.map((i) => part(batch, i, i + 1));
  let end = 0;
  return {
    ...batch,
    first: parts[0]!.first,
    bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    ends: parts.map(({ bytes }) => (end += bytes.length)),
    contexts: batch.contexts && indexes.map((i) => batch.contexts![i]),
  };
}

/** The record at a place, read back. */
export function feedbackAt(batch: Batch, index: number): Feedback {
  const { bytes } = part(batch, index, index + 1);
  const { feedback } = fromBinary(StreamFeedbackRequestSchema, bytes);
  return answerOf(feedbackRule, feedback[0]!) as Feedback;
}

/** The request that sends it. The records are written already, and protobuf-es hands on as they are
 * the fields that it does not know: no record is made a message. */
export function requestFor(batch: Batch, number: bigint): Message {
  const message = create(StreamFeedbackRequestSchema, { batchNumber: number });
  message.$unknown = [{ no: FEEDBACK_FIELD, wireType: WIRE_BYTES, data: batch.bytes.subarray(1) }];
  return message;
}
