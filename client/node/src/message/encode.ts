// Checks what a caller gives against the table of fields, and writes it as a message, in one pass.
// What is wrong is an error that names the field, before anything is sent.
import { type EmptyChairError, fieldError } from "../errors.js";
import { type EnumRule, type FieldRule, Kind, type MessageRule } from "./fields.js";
import { checkName, LABELS_MAX } from "./limits.js";
import { nearest } from "./nearest.js";
import { Sink } from "./sink.js";
import { describe, readTime } from "./times.js";

type Plain = Readonly<Record<string, unknown>>;

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
// What a Duration can be, in milliseconds.
const DURATION_MAX = 315_576_000_000_000;

/** A request, written. */
export function encodeRequest(rule: MessageRule, input: unknown): Buffer {
  const encoder = new Encoder(new Sink());
  encoder.message(rule, input === undefined ? {} : input, rule.name);
  return encoder.sink.slice();
}

/** Writes messages into a sink. After an error what was begun is still in the sink. */
export class Encoder {
  readonly sink: Sink;
  // Where in the request it is: `feedback`, `[3]`.
  readonly path: string[] = [];

  constructor(sink: Sink) {
    this.sink = sink;
  }

  /** All fields of a message; `what` names it while it has no path. */
  message(rule: MessageRule, input: unknown, what = rule.name): void {
    if (!isPlain(input)) {
      throw this.invalid(
        this.path.length === 0 ? what : "",
        `got ${describe(input)}, wanted an object`,
      );
    }
    for (const key in input) {
      if (!rule.byName.has(key)) throw this.unknownField(rule, key);
    }
    if (rule.hasOneof) this.checkOneofs(rule, input);
    const { fields } = rule;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      const value = input[field.name];
      if (value === undefined) continue;
      if (field.isList) {
        this.list(field, value);
      } else if (field.isMap) {
        this.map(field, value);
      } else {
        this.single(field, value);
      }
    }
  }

  private single(field: FieldRule, value: unknown): void {
    const { sink } = this;
    const start = sink.at;
    sink.reserve(5);
    sink.varint(field.tag);
    let isDefault: boolean;
    if (field.kind === Kind.text) {
      const length = this.text(value, field.name);
      isDefault = length === 0;
      if (field.check !== undefined && !isDefault) {
        this.checkText(field, field.check(value as string, length));
      }
    } else {
      isDefault = this.value(field, value, field.name);
    }
    // Without presence the default is what is meant when nothing is sent.
    if (isDefault && !field.hasPresence) sink.at = start;
  }

  private checkText(field: FieldRule, fault: string | undefined): void {
    if (fault !== undefined) throw this.invalid(field.name, fault);
  }

  // Writes a value behind its tag, and answers whether it is the default of its type.
  private value(field: FieldRule, value: unknown, name: string): boolean {
    switch (field.kind) {
      case Kind.text:
        return this.text(value, name) === 0;
      case Kind.int32:
        return this.int32(value, name);
      case Kind.count:
        return this.count(value, name);
      case Kind.sequence:
        return this.sequence(value, name);
      case Kind.bool:
        return this.bool(value, name);
      case Kind.double:
        return this.double(value, name);
      case Kind.enum:
        return this.enum(field.enum!, value, name);
      case Kind.time:
        return this.time(value, name);
      case Kind.duration:
        return this.duration(value, name);
      case Kind.fieldMask:
        return this.fieldMask(value, name);
      case Kind.message: {
        const start = this.sink.begin();
        this.path.push(name);
        this.message(field.message!, value);
        this.path.pop();
        this.sink.end(start);
        return false;
      }
      default:
        throw this.invalid(name, "is set by the server alone");
    }
  }

  private text(value: unknown, name: string): number {
    if (typeof value !== "string") throw this.wanted(name, value, "text");
    const length = this.sink.text(value);
    if (length < 0) {
      throw this.invalid(name, "got text with half of a surrogate pair, which is no Unicode");
    }
    return length;
  }

  private int32(value: unknown, name: string): boolean {
    if (
      typeof value !== "number" ||
      !(value >= INT32_MIN && value <= INT32_MAX) ||
      value % 1 !== 0
    ) {
      throw this.wanted(name, value, `an integer from ${INT32_MIN} to ${INT32_MAX}`);
    }
    this.sink.int(value);
    return value === 0;
  }

  private count(value: unknown, name: string): boolean {
    if (!Number.isSafeInteger(value)) throw this.wanted(name, value, "an integer below 2^53");
    this.sink.int(value as number);
    return value === 0;
  }

  private sequence(value: unknown, name: string): boolean {
    if (typeof value !== "bigint" || value < INT64_MIN || value > INT64_MAX) {
      throw this.wanted(name, value, "a bigint of 64 bits, such as 5n");
    }
    this.sink.bigint(value);
    return value === 0n;
  }

  private bool(value: unknown, name: string): boolean {
    if (typeof value !== "boolean") throw this.wanted(name, value, "true or false");
    this.sink.int(value ? 1 : 0);
    return !value;
  }

  private double(value: unknown, name: string): boolean {
    if (!Number.isFinite(value)) throw this.wanted(name, value, "a finite number");
    this.sink.double(value as number);
    return value === 0;
  }

  private enum(rule: EnumRule, value: unknown, name: string): boolean {
    const number = typeof value === "string" ? rule.numbers.get(value) : undefined;
    if (number === undefined) {
      const known = [...rule.names].filter(([n]) => n !== 0).map(([, text]) => text);
      throw this.wanted(name, value, `one of ${known.join(", ")}`);
    }
    this.sink.int(number);
    return number === 0;
  }

  private time(value: unknown, name: string): boolean {
    const time = readTime(value);
    if ("fault" in time) throw this.invalid(name, time.fault);
    const seconds = Math.floor(time.ms / 1000);
    this.secondsAndNanos(seconds, (time.ms - seconds * 1000) * 1_000_000);
    return false;
  }

  private duration(value: unknown, name: string): boolean {
    if (typeof value !== "number" || !(Math.abs(value) <= DURATION_MAX)) {
      throw this.wanted(name, value, "a number of milliseconds");
    }
    const seconds = Math.trunc(value / 1000);
    this.secondsAndNanos(seconds, Math.round((value - seconds * 1000) * 1_000_000));
    return false;
  }

  // Both Timestamp and Duration.
  private secondsAndNanos(seconds: number, nanos: number): void {
    const { sink } = this;
    const start = sink.begin();
    if (seconds !== 0) {
      sink.int(1 * 8);
      sink.int(seconds);
    }
    if (nanos !== 0) {
      sink.int(2 * 8);
      sink.int(nanos);
    }
    sink.end(start);
  }

  private fieldMask(value: unknown, name: string): boolean {
    if (!Array.isArray(value)) throw this.wanted(name, value, "an array of names of fields");
    const { sink } = this;
    const start = sink.begin();
    value.forEach((path: unknown, i) => {
      sink.reserve(1);
      sink.varint(1 * 8 + 2);
      const text = typeof path === "string" ? apiName(path) : path;
      this.text(text, `${name}[${i}]`);
    });
    sink.end(start);
    return false;
  }

  private list(field: FieldRule, value: unknown): void {
    if (!Array.isArray(value)) throw this.wanted(field.name, value, "an array");
    const { sink } = this;
    if (value.length === 0) return;
    if (field.isPacked) {
      sink.int(field.tag);
      const start = sink.begin();
      for (let i = 0; i < value.length; i++) this.value(field, value[i], `${field.name}[${i}]`);
      sink.end(start);
      return;
    }
    for (let i = 0; i < value.length; i++) {
      sink.int(field.tag);
      this.value(field, value[i], `${field.name}[${i}]`);
    }
  }

  private map(field: FieldRule, value: unknown): void {
    if (!isPlain(value)) throw this.wanted(field.name, value, "an object of text by text");
    const { sink } = this;
    let count = 0;
    for (const key in value) {
      count++;
      sink.int(field.tag);
      const start = sink.begin();
      sink.int(1 * 8 + 2);
      this.text(key, field.name);
      sink.int(2 * 8 + 2);
      const element = value[key];
      const length = typeof element === "string" ? sink.text(element) : -1;
      // The path of an entry is only made for an error.
      if (length < 0) this.text(element, entryName(field, key));
      sink.end(start);
      if (field.check !== undefined) {
        this.checkText(field, checkName(key));
        const fault = field.check(element as string, length);
        if (fault !== undefined) {
          const path = this.pathOf(entryName(field, key));
          throw length === 0
            ? fieldError("FIELD_REQUIRED", path, "must be given")
            : fieldError("FIELD_INVALID", path, fault);
        }
      }
    }
    if (field.check !== undefined && count > LABELS_MAX) {
      throw this.invalid(field.name, `got ${count} of them, wanted at most ${LABELS_MAX}`);
    }
  }

  private checkOneofs(rule: MessageRule, input: Plain): void {
    const given = new Map<string, string>();
    for (const field of rule.fields) {
      if (field.oneof === undefined || input[field.name] === undefined) continue;
      const other = given.get(field.oneof);
      if (other !== undefined) {
        throw this.invalid(field.name, `is given beside ${other}, wanted one of them`);
      }
      given.set(field.oneof, field.name);
    }
  }

  private unknownField(rule: MessageRule, key: string): EmptyChairError {
    const known = [...rule.byName.keys()];
    return this.invalid(
      key,
      `is no field of ${rule.name}; the nearest is ${nearest(key, known)}, and there are ` +
        known.join(", "),
    );
  }

  private wanted(name: string, value: unknown, what: string): EmptyChairError {
    const fault =
      value === null ? "got null, wanted the key left out, or" : `got ${describe(value)}, wanted`;
    return this.invalid(name, `${fault} ${what}`);
  }

  private invalid(name: string, description: string): EmptyChairError {
    return fieldError("FIELD_INVALID", this.pathOf(name), description);
  }

  /** The path of a field of the message that is being written. */
  pathOf(name: string): string {
    return [...this.path, name].filter((part) => part !== "").join(".");
  }
}

/** `displayName` as the API has it: `display_name`. */
export function apiName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// An object whose keys are fields: no array, and none of JavaScript's own containers, whose content
// its keys do not show.
function entryName(field: FieldRule, key: string): string {
  return `${field.name}["${key}"]`;
}

function isPlain(value: unknown): value is Plain {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Set) &&
    !(value instanceof Date) &&
    !ArrayBuffer.isView(value)
  );
}
