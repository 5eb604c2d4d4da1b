// Errors of the client: one class, with what the server says of a failure.
import type { ErrorReason as KnownReason } from "./gen/api.js";

const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** A gRPC code. */
export type Code = Exclude<(typeof CODES)[number], "OK">;

/** The code of this number; `UNKNOWN` for one that gRPC does not have. */
export function codeOf(number: number): Code {
  const code = CODES[number];
  return code === undefined || code === "OK" ? "UNKNOWN" : code;
}

/** The number of this code. Error: FIELD_INVALID. */
export function numberOf(code: Code): number {
  const number = CODES.indexOf(code);
  if (number > 0) return number;
  const description = `got ${JSON.stringify(code)}, wanted one of ${CODES.slice(1).join(", ")}`;
  throw fieldError("FIELD_INVALID", "code", description);
}

/** Why a call failed, for programs; servers to come can have further ones. */
export type ErrorReason = Exclude<KnownReason, "UNSPECIFIED"> | (string & {});

/** A field of a request that is at fault. */
export interface FieldViolation {
  /** Its path by the names of this package, for example `feedback[3].customerId`. */
  readonly field: string;
  /** What came and what was wanted. */
  readonly description: string;
}

export interface ErrorFields {
  readonly code: Code;
  readonly message: string;
  readonly reason?: ErrorReason | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly fieldViolations?: readonly FieldViolation[] | undefined;
  readonly retryDelay?: number | undefined;
  readonly requestId?: string | undefined;
  readonly attempts?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Every error of the client. Program against `code` and `reason`: the sentence is for people and
 * can change. As text it ends with the reason in brackets, or the code where there is none.
 */
export class EmptyChairError extends Error {
  /** The gRPC code. */
  readonly code: Code;
  /** Why, of `ErrorReason` in the API; undefined when no server of Empty Chair said it. */
  readonly reason: ErrorReason | undefined;
  /** Further facts, which the page of errors lists for each reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault, in the order of the request. */
  readonly fieldViolations: readonly FieldViolation[];
  /** Milliseconds after which the server asks to try again; undefined: it does not. */
  readonly retryDelay: number | undefined;
  /** The server's id of the last attempt, as in its logs. */
  readonly requestId: string | undefined;
  /** How often the call was sent; 0 when it was not. */
  readonly attempts: number;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.reason = fields.reason;
    this.metadata = fields.metadata ?? {};
    this.fieldViolations = fields.fieldViolations ?? [];
    this.retryDelay = fields.retryDelay;
    this.requestId = fields.requestId;
    this.attempts = fields.attempts ?? 0;
  }

  override toString(): string {
    return `${this.name}: ${this.message} [${this.reason ?? this.code}]`;
  }

  toJSON(): unknown {
    return { ...this, message: this.message };
  }
}
Object.defineProperty(EmptyChairError.prototype, "name", { value: "EmptyChairError" });

/** NOT_FOUND: what was named is not there, or not for this caller. */
export class NotFound extends EmptyChairError {}
/** ALREADY_EXISTS: something else has this name or id. */
export class AlreadyExists extends EmptyChairError {}
/** INVALID_ARGUMENT: the request is wrong; found here or by the server. */
export class InvalidArgument extends EmptyChairError {}
/** UNAVAILABLE: the server could not be reached, or is stopping, until the time was over. */
export class Unavailable extends EmptyChairError {}
/** UNAUTHENTICATED: there is no key, or one that is not in force. */
export class Unauthenticated extends EmptyChairError {}

const CLASSES: { readonly [code in Code]?: typeof EmptyChairError } = {
  NOT_FOUND: NotFound,
  ALREADY_EXISTS: AlreadyExists,
  INVALID_ARGUMENT: InvalidArgument,
  UNAVAILABLE: Unavailable,
  UNAUTHENTICATED: Unauthenticated,
};
for (const one of Object.values(CLASSES)) {
  Object.defineProperty(one.prototype, "name", { value: one.name });
}

/** An error of the class that its code has. */
export function makeError(fields: ErrorFields): EmptyChairError {
  return new (CLASSES[fields.code] ?? EmptyChairError)(fields);
}

/** The error of a field, as the server makes it. */
export function fieldError(
  reason: ErrorReason,
  field: string,
  description: string,
): EmptyChairError {
  return makeError({
    code: "INVALID_ARGUMENT",
    reason,
    message: `${field}: ${description}`,
    metadata: { field },
    fieldViolations: [{ field, description }],
  });
}

/**
 * Whether the same call can succeed later: UNAVAILABLE, and RESOURCE_EXHAUSTED that says when to
 * come back. RESOURCE_EXHAUSTED without a delay is a message that is too large, or a quota.
 */
export function isRetryable(error: EmptyChairError): boolean {
  return (
    error.code === "UNAVAILABLE" ||
    (error.code === "RESOURCE_EXHAUSTED" && error.retryDelay !== undefined)
  );
}
