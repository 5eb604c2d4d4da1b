// What makes a record whole before it is sent the first time: its identity, and that its parts
// agree.
import { type EmptyChairError, fieldError, makeError } from "../errors.js";
import type { Encoder } from "./encode.js";
import { newFeedbackId, timeOfFeedbackId } from "../feedback_id.js";
import { ruleOf } from "./fields.js";
import type { FeedbackInput } from "../gen/api.js";
import { FeedbackSchema } from "../gen/emptychair/v1/feedback_service_pb.js";
import { parseTime, readTime } from "./times.js";

const feedbackRule = ruleOf(FeedbackSchema);

/**
 * The record with an identity: one that has neither `feedbackId` nor `externalId` gets a feedbackId
 * of its occurTime, or of now, which is then its occurTime. Anything else is answered as it came.
 */
export function withIdentity(input: unknown, now: number): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const record = input as FeedbackInput;
  if (record.feedbackId || record.externalId) return input;
  if (record.occurTime === undefined) {
    return { ...record, feedbackId: newFeedbackId(now), occurTime: new Date(now) };
  }
  const time = readTime(record.occurTime);
  return "fault" in time ? input : { ...record, feedbackId: newFeedbackId(time.ms) };
}

/** Writes a record, and checks all of it. */
export function encodeRecord(encoder: Encoder, record: unknown): void {
  encoder.path.length = 0;
  encoder.path.push("feedback");
  encoder.message(feedbackRule, record);
  checkWhole(record as FeedbackInput, "feedback");
}

/** Checks what the fields of a record say together; each by itself is right. */
export function checkWhole(record: FeedbackInput, path: string): void {
  const { surveyId, feedbackId, occurTime, exclusion } = record;
  if (surveyId === undefined || surveyId === "") {
    throw fieldError("FIELD_REQUIRED", `${path}.surveyId`, "must be given");
  }
  if (occurTime !== undefined) {
    const ms = occurTime instanceof Date ? occurTime.getTime() : parseTime(occurTime)!;
    if (ms < 0) {
      const description = `got ${new Date(ms).toISOString()}, wanted a time after 1970`;
      throw fieldError("TIME_OUT_OF_RANGE", `${path}.occurTime`, description);
    }
    if (feedbackId && timeOfFeedbackId(feedbackId) !== ms) {
      const wanted = new Date(timeOfFeedbackId(feedbackId)).toISOString();
      const got = new Date(ms).toISOString();
      const description = `got ${got}, wanted the time in feedbackId, ${wanted}`;
      throw fieldError("ID_TIME_MISMATCH", `${path}.occurTime`, description);
    }
  }
  if (exclusion !== undefined && (exclusion.reason ?? "UNSPECIFIED").endsWith("UNSPECIFIED")) {
    throw fieldError("FIELD_REQUIRED", `${path}.exclusion.reason`, "must be given");
  }
}

/**
 * What the server says of a record whose time is ahead of its clock: that it does not help to send
 * it again, and what to look at.
 */
export function explainClock(error: EmptyChairError): EmptyChairError {
  if (error.reason !== "TIME_OUT_OF_RANGE") return error;
  return makeError({
    ...error,
    message: `${error.message}; where that is the time of this machine, its clock is ahead`,
  });
}
