#!/usr/bin/env node
// Writes api.ts, what a user of the client sees of the API, with the comments of the .proto files:
// messages that requests have become types of input, those that responses have types of answers.
// And methods.ts, which says the same of the methods to the program that runs.
import { ScalarType } from "@bufbuild/protobuf";
import { createEcmaScriptPlugin, getComments, runNodeJs } from "@bufbuild/protoplugin";

const PACKAGE = "emptychair.v1";

// Types of others that have one of JavaScript's own in their place: [in, out].
const KNOWN = {
  "google.protobuf.Timestamp": ["Date | string", "Date"],
  "google.protobuf.Duration": ["number", "number"],
  "google.protobuf.FieldMask": ["readonly string[]", "string[]"],
  "google.rpc.Status": ["never", "EmptyChairError"],
};

// Whether a number of 64 bits is one of the feed of changes: those are compared and sent back, and
// no digit may get lost. The others count something, and stay below 2^53.
const isSequence = (field) => field.name === "sequence" || field.name.endsWith("_sequence");

// The rows of a method that answers page by page.
function rowsOf(method) {
  if (!method.input.fields.some((field) => field.name === "page_token")) return undefined;
  return method.output.fields.find((field) => field.fieldKind === "list" && field.message);
}

// The field of a request that holds what the method's name says, as `feedback` of SubmitFeedback,
// where the rest of the request can be left out.
function resourceOf(method) {
  const [field] = method.input.fields;
  const isNamed =
    field?.fieldKind === "message" &&
    method.name.toLowerCase().endsWith(field.localName.toLowerCase());
  return isNamed && method.input.field.updateMask === undefined ? field : undefined;
}

function shapeOf(method) {
  if (method.methodKind === "bidi_streaming") return "batches";
  if (method.name === "WatchFeedback") return "watch";
  if (method.methodKind === "server_streaming") return "stream";
  return rowsOf(method) === undefined ? "unary" : "list";
}

function docs(desc, indent = "", extra = []) {
  const text = (getComments(desc).leading ?? "").replaceAll("*/", "*\\/");
  const lines = text.split("\n").map((line) => line.trim());
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  lines.push(...extra);
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

// Those inside a message carry its name.
const enumName = (desc) => `${desc.parent?.name ?? ""}${desc.name}`;

const inputName = (message) =>
  message.name.endsWith("Request") ? message.name : `${message.name}Input`;

function scalarType(field, scalar) {
  switch (scalar) {
    case ScalarType.STRING:
      return "string";
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.INT64:
      return isSequence(field) ? "bigint" : "number";
    case ScalarType.INT32:
    case ScalarType.UINT32:
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return "number";
    default:
      throw new Error(`${field}: no type in JavaScript is chosen for it`);
  }
}

function elementType(field, isInput) {
  if (field.message !== undefined) {
    const known = KNOWN[field.message.typeName];
    if (known !== undefined) return known[isInput ? 0 : 1];
    return isInput ? inputName(field.message) : field.message.name;
  }
  if (field.enum !== undefined)
    return isInput ? `${enumName(field.enum)}Input` : enumName(field.enum);
  return scalarType(field, field.scalar);
}

function fieldType(field, isInput) {
  const element = elementType(field, isInput);
  if (field.fieldKind === "list") {
    return isInput ? `readonly (${element})[]` : `${element}[]`;
  }
  if (field.fieldKind === "map") {
    return isInput ? `{ readonly [key: string]: ${element} }` : `{ [key: string]: ${element} }`;
  }
  return element;
}

// What a comment of the .proto cannot know of the form a field has here.
function remark(field) {
  if (field.message?.typeName === "google.protobuf.Duration") return ["In milliseconds."];
  if (field.message?.typeName === "google.protobuf.FieldMask") {
    return ["Names as in this package (`displayName`) or as in the API (`display_name`)."];
  }
  return [];
}

const canBeAbsent = (field) =>
  field.oneof !== undefined ||
  field.proto.proto3Optional ||
  (field.fieldKind === "message" && field.message !== undefined);

function messageTypes(file, message, isInput) {
  const name = isInput ? inputName(message) : message.name;
  file.print(docs(message).join("\n"));
  file.print(`export interface ${name} {`);
  for (const field of message.fields) {
    const lines = docs(field, "  ", remark(field));
    if (lines.length > 0) file.print(lines.join("\n"));
    const type = fieldType(field, isInput);
    if (isInput) {
      file.print(`  readonly ${field.localName}?: ${type} | undefined;`);
    } else {
      file.print(`  ${field.localName}: ${type}${canBeAbsent(field) ? " | undefined" : ""};`);
    }
  }
  if (!isInput) {
    file.print(
      "  /** The same for `JSON.stringify`: a `bigint` as text, what is absent left out. */",
    );
    file.print("  toJSON(): unknown;");
  }
  file.print("}\n");
}

function enumTypes(file, desc) {
  const values = desc.values.map((value) => {
    const lines = docs(value, "  ");
    const name = value.name.slice(desc.sharedPrefix.length);
    return `${lines.length > 0 ? `${lines.join("\n")}\n` : ""}  | "${name}"`;
  });
  const name = enumName(desc);
  const prefix = desc.sharedPrefix.toUpperCase();
  file.print([...docs(desc), `export type ${name} =`, `${values.join("\n")};`].join("\n"));
  file.print(`/** The same to send: the name, or the API's full name of it. */`);
  file.print(`export type ${name}Input = ${name} | \`${prefix}\${${name}}\`;\n`);
}

function signatures(method) {
  const { input, output } = method;
  const request = inputName(input);
  // The comment of a field says whether a method can do without it.
  const optional = !input.fields.some((field) => /\bRequired\b/.test(getComments(field).leading));
  if (shapeOf(method) === "batches") {
    return [`(batches: Batches<${request}>, options?: CallOptions): Stream<${output.name}>`];
  }
  const rows = rowsOf(method);
  const answer = {
    unary: `Promise<${output.name}>`,
    list: rows && `List<${elementType(rows, false)}, ${output.name}>`,
    stream: `Stream<${output.name}>`,
    watch: "Watch",
  }[shapeOf(method)];
  const forms = [`(request${optional ? "?" : ""}: ${request}, options?: CallOptions): ${answer}`];
  const resource = resourceOf(method);
  if (resource !== undefined) {
    forms.push(
      `(${resource.localName}: ${inputName(resource.message)}, options?: CallOptions): ${answer}`,
    );
  }
  if (input.fields[0]?.name === "survey_id") {
    const rest = `Omit<${request}, "surveyId">`;
    forms.push(`(surveyId: string, request?: ${rest}, options?: CallOptions): ${answer}`);
  }
  return forms;
}

// All messages that are reached from `roots`, those of other packages left out.
function reached(roots) {
  const found = new Set();
  const visit = (message) => {
    if (message.file.proto.package !== PACKAGE || found.has(message)) return;
    found.add(message);
    for (const field of message.fields) if (field.message !== undefined) visit(field.message);
  };
  roots.forEach(visit);
  return found;
}

function apiFile(schema, files, methods) {
  const file = schema.generateFile("api.ts");
  file.print("// Made by tools/protoc-gen-api.mjs from the .proto files.");
  file.print(`import type { Batches, CallOptions, List, Stream } from "../calls.js";`);
  file.print(`import type { EmptyChairError } from "../errors.js";`);
  file.print(`import type { Watch } from "../watch.js";\n`);
  const messages = files.flatMap((f) => f.messages);
  const enums = [...files, ...messages].flatMap((desc) => desc.enums ?? desc.nestedEnums);
  for (const desc of enums) enumTypes(file, desc);
  for (const message of reached(methods.map((method) => method.input))) {
    messageTypes(file, message, true);
  }
  for (const message of reached(methods.map((method) => method.output))) {
    messageTypes(file, message, false);
  }
  file.print("/** A method for every method of the API. */");
  file.print("export interface ClientMethods {");
  for (const method of methods) {
    for (const form of signatures(method)) {
      file.print(docs(method, "  ").join("\n"));
      file.print(`  ${method.localName}${form};`);
    }
  }
  file.print("}");
}

function methodsFile(schema, files, methods) {
  const file = schema.generateFile("methods.ts");
  file.print("// Made by tools/protoc-gen-api.mjs from the .proto files.");
  const services = files.flatMap((f) => f.services);
  for (const service of services) {
    file.print(`import { ${service.name} } from "./${service.file.name}_pb.js";`);
  }
  file.print(`import type { MethodShape } from "../message/shapes.js";\n`);
  file.print(`export const services = { ${services.map((s) => s.name).join(", ")} };\n`);
  file.print("export const methodShapes: readonly MethodShape[] = [");
  for (const method of methods) {
    const rows = rowsOf(method);
    const resource = resourceOf(method);
    file.print("  {");
    file.print(`    method: ${method.parent.name}.method.${method.localName},`);
    file.print(`    shape: "${shapeOf(method)}",`);
    if (rows !== undefined) file.print(`    rows: "${rows.localName}",`);
    if (resource !== undefined) file.print(`    resource: "${resource.localName}",`);
    file.print(`    isOfSurvey: ${method.input.fields[0]?.name === "survey_id"},`);
    file.print("  },");
  }
  file.print("];\n");
  file.print("/** Numbers of 64 bits that are a `bigint` here. */");
  file.print("export const sequenceFields: ReadonlySet<string> = new Set([");
  const messages = new Set(methods.flatMap((m) => [...reached([m.input, m.output])]));
  for (const field of [...messages].flatMap((message) => message.fields)) {
    if (field.scalar === ScalarType.INT64 && isSequence(field)) file.print(`  "${field}",`);
  }
  file.print("]);");
}

function generateTs(schema) {
  const files = schema.files.filter((file) => file.proto.package === PACKAGE);
  const methods = files.flatMap((file) => file.services).flatMap((service) => service.methods);
  apiFile(schema, files, methods);
  methodsFile(schema, files, methods);
}

runNodeJs(createEcmaScriptPlugin({ name: "protoc-gen-api", version: "v1", generateTs }));
