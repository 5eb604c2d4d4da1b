// One table of all messages, made from the descriptors when the package is loaded: what their
// fields are called, what they hold and how that is written. Input is checked and answers are read
// by it.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { methodShapes, sequenceFields } from "../gen/methods.js";
import { checksOf, type TextCheck } from "./limits.js";

/** What a field, an element of a list or a value of a map holds. */
export const Kind = {
  text: 1,
  int32: 2,
  count: 3,
  sequence: 4,
  bool: 5,
  double: 6,
  enum: 7,
  message: 8,
  time: 9,
  duration: 10,
  fieldMask: 11,
  status: 12,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface EnumRule {
  readonly name: string;
  /** By the name without its prefix and by the full one. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Without their prefix. */
  readonly names: ReadonlyMap<number, string>;
}

export interface FieldRule {
  readonly name: string;
  readonly number: number;
  readonly kind: Kind;
  readonly isList: boolean;
  readonly isMap: boolean;
  /** Whether the field can be absent, which is then another thing than being 0. */
  readonly hasPresence: boolean;
  readonly isPacked: boolean;
  /** In front of the value; of a list in front of each element, of a map of each entry. */
  readonly tag: number;
  readonly oneof: string | undefined;
  readonly message: MessageRule | undefined;
  readonly enum: EnumRule | undefined;
  readonly check: TextCheck | undefined;
}

export interface MessageRule {
  readonly desc: DescMessage;
  readonly name: string;
  readonly typeName: string;
  /** In the order of their numbers. */
  readonly fields: readonly FieldRule[];
  readonly byName: ReadonlyMap<string, FieldRule>;
  readonly hasOneof: boolean;
}

const KNOWN_MESSAGES: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["google.protobuf.Timestamp", Kind.time],
  ["google.protobuf.Duration", Kind.duration],
  ["google.protobuf.FieldMask", Kind.fieldMask],
  ["google.rpc.Status", Kind.status],
]);

const WIRE_VARINT = 0;
const WIRE_64_BIT = 1;
const WIRE_BYTES = 2;

const messageRules = new Map<string, MessageRule>();
const enumRules = new Map<string, EnumRule>();

/** The rules of a message of the API. */
export function ruleOf(desc: DescMessage): MessageRule {
  let rule = messageRules.get(desc.typeName);
  if (rule === undefined) {
    const fields: FieldRule[] = [];
    const byName = new Map<string, FieldRule>();
    rule = {
      desc,
      name: desc.name,
      typeName: desc.typeName,
      fields,
      byName,
      hasOneof: desc.fields.some((field) => field.oneof !== undefined),
    };
    // Before its fields: a message can have itself in it.
    messageRules.set(desc.typeName, rule);
    for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
      const made = fieldRule(field);
      fields.push(made);
      byName.set(made.name, made);
    }
  }
  return rule;
}

function fieldRule(field: DescField): FieldRule {
  const kind = kindOf(field);
  const isList = field.fieldKind === "list";
  const isMap = field.fieldKind === "map";
  const isPacked = isList && kind !== Kind.text && kind < Kind.message;
  const wire = isMap || isPacked ? WIRE_BYTES : wireOf(kind);
  return {
    name: field.localName,
    number: field.number,
    kind,
    isList,
    isMap,
    hasPresence: field.presence === FeatureSet_FieldPresence.EXPLICIT,
    isPacked,
    tag: field.number * 8 + wire,
    oneof: field.oneof?.localName,
    message: kind === Kind.message && field.message ? ruleOf(field.message) : undefined,
    enum: field.enum === undefined ? undefined : enumRule(field.enum),
    check: checksOf(field),
  };
}

function wireOf(kind: Kind): number {
  if (kind === Kind.double) return WIRE_64_BIT;
  return kind === Kind.text || kind >= Kind.message ? WIRE_BYTES : WIRE_VARINT;
}

function kindOf(field: DescField): Kind {
  if (field.message !== undefined) {
    return KNOWN_MESSAGES.get(field.message.typeName) ?? Kind.message;
  }
  if (field.enum !== undefined) return Kind.enum;
  if (field.fieldKind === "map" && field.mapKey !== ScalarType.STRING) {
    throw new TypeError(`${field}: a map of other keys than text has no form here`);
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return Kind.text;
    case ScalarType.INT32:
      return Kind.int32;
    case ScalarType.INT64:
      return sequenceFields.has(String(field)) ? Kind.sequence : Kind.count;
    case ScalarType.BOOL:
      return Kind.bool;
    case ScalarType.DOUBLE:
      return Kind.double;
    default:
      throw new TypeError(`${field}: a field of this type has no form here`);
  }
}

function enumRule(desc: DescEnum): EnumRule {
  let rule = enumRules.get(desc.typeName);
  if (rule === undefined) {
    const prefix = desc.sharedPrefix?.length ?? 0;
    const numbers = new Map<string, number>();
    const names = new Map<number, string>();
    for (const value of desc.values) {
      numbers.set(value.name.slice(prefix), value.number);
      numbers.set(value.name, value.number);
      names.set(value.number, value.name.slice(prefix));
    }
    rule = { name: desc.name, numbers, names };
    enumRules.set(desc.typeName, rule);
  }
  return rule;
}

// All of them now: a message that has no form here is found by whoever changes a .proto.
for (const { method } of methodShapes) {
  ruleOf(method.input);
  ruleOf(method.output);
}
