// Requests, from what a caller gives to messages.
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { encodeRequest } from "./encode.js";
import { ruleOf } from "./fields.js";
import type { FeedbackInput } from "../gen/api.js";
import { checkWhole, withIdentity } from "./record.js";
import type { MethodShape } from "./shapes.js";

// Those whose records are new: they get an identity before the first attempt.
const SUBMISSIONS = new Set(["SubmitFeedback", "BatchSubmitFeedback", "StreamFeedback"]);

/** Checks a request and makes the message that is sent. */
export function requestOf({ method }: MethodShape, input: unknown, now: () => number): Message {
  const rule = ruleOf(method.input);
  let whole = input;
  if (SUBMISSIONS.has(method.name) && typeof input === "object" && input !== null) {
    const { feedback } = input as { feedback?: unknown };
    const complete = (record: unknown): unknown => withIdentity(record, now());
    whole = {
      ...input,
      feedback: Array.isArray(feedback) ? feedback.map(complete) : complete(feedback),
    };
  }
  const bytes = encodeRequest(rule, whole);
  if (SUBMISSIONS.has(method.name)) {
    const { feedback } = whole as { feedback?: FeedbackInput | readonly FeedbackInput[] };
    if (Array.isArray(feedback)) {
      feedback.forEach((record: FeedbackInput, i) => checkWhole(record, `feedback[${i}]`));
    } else if (method.name === "SubmitFeedback") {
      checkWhole((feedback as FeedbackInput | undefined) ?? {}, "feedback");
    }
  }
  return fromBinary(method.input, bytes);
}

/**
 * Takes the arguments of a method apart: a survey's id in front, or a resource in place of a
 * request.
 */
export function argumentsOf(
  { isOfSurvey, resource }: MethodShape,
  args: readonly unknown[],
): { input: unknown; options: unknown } {
  const [first, second, third] = args;
  if (isOfSurvey && typeof first === "string") {
    const rest = second === undefined ? {} : second;
    const isObject = typeof rest === "object" && rest !== null;
    return { input: isObject ? { ...rest, surveyId: first } : rest, options: third };
  }
  const isResource =
    resource !== undefined && typeof first === "object" && first !== null && !(resource in first);
  return { input: isResource ? { [resource]: first } : first, options: second };
}
