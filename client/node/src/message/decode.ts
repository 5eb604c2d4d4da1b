// Makes answers of messages: plain objects with `undefined` for what is absent, `Date`, names of
// enums.
import type { Message } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { errorOfStatus } from "../net/error_details.js";
import { type FieldRule, Kind, type MessageRule } from "./fields.js";
import type { Status } from "../gen/google/rpc/status_pb.js";

type Fields = Record<string, unknown>;

// Answers of one kind have a class of its name, so that they print as what they are.
const prototypes = new Map<MessageRule, object>();

/** The answer that a message of this rule is. */
export function answerOf(rule: MessageRule, message: Message): object {
  const answer = Object.create(prototypeOf(rule)) as Fields;
  const from = message as unknown as Fields;
  for (const field of rule.fields) {
    if (field.oneof !== undefined) {
      const chosen = from[field.oneof] as { case: string | undefined; value?: unknown };
      answer[field.name] = chosen.case === field.name ? single(field, chosen.value) : undefined;
    } else if (field.isList) {
      answer[field.name] = (from[field.name] as unknown[]).map((element) => single(field, element));
    } else if (field.isMap) {
      answer[field.name] = { ...(from[field.name] as object) };
    } else {
      answer[field.name] = single(field, from[field.name]);
    }
  }
  return answer;
}

function prototypeOf(rule: MessageRule): object {
  let prototype = prototypes.get(rule);
  if (prototype === undefined) {
    const { [rule.name]: constructor } = { [rule.name]: class {} };
    prototype = constructor!.prototype as object;
    Object.defineProperty(prototype, "toJSON", { value: toJson });
    prototypes.set(rule, prototype);
  }
  return prototype;
}

// Of one object; `JSON.stringify` calls that of the objects in it.
function toJson(this: Fields): Fields {
  const json: Fields = {};
  for (const [name, value] of Object.entries(this)) {
    json[name] = typeof value === "bigint" ? String(value) : value;
  }
  return json;
}

function single(field: FieldRule, value: unknown): unknown {
  if (value === undefined) return undefined;
  switch (field.kind) {
    case Kind.count:
      return count(field, value as bigint);
    case Kind.enum:
      return field.enum!.names.get(value as number) ?? String(value);
    case Kind.time:
      return date(value as Timestamp);
    case Kind.duration: {
      const { seconds, nanos } = value as Duration;
      return Number(seconds) * 1000 + nanos / 1_000_000;
    }
    case Kind.fieldMask:
      return [...(value as { paths: string[] }).paths];
    case Kind.status:
      return errorOfStatus(value as Status);
    case Kind.message:
      return answerOf(field.message!, value as Message);
    default:
      return value;
  }
}

function count(field: FieldRule, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new RangeError(`${field.name}: got ${value}, which is past 2^53; the stub has it whole`);
  }
  return number;
}

function date({ seconds, nanos }: Timestamp): Date {
  return new Date(Number(seconds) * 1000 + Math.floor(nanos / 1_000_000));
}
