// Reads what the server says of a failure.
import { fromBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { codeOf, EmptyChairError, type ErrorFields, makeError } from "../errors.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";
import type { Status } from "../gen/google/rpc/status_pb.js";

interface Detail {
  readonly type: string;
  readonly value: Uint8Array;
}

const DOMAIN = "emptychair";
const REQUEST_ID = "x-request-id";

// What connect says of a connection or stream that is gone, by the code it gives that.
const LOST = new Set(["CANCELLED", "ABORTED", "INTERNAL", "UNKNOWN"]);
const RESET = /^http\/2 stream closed/;

/** The error in a failure of a batch. */
export function errorOfStatus(status: Status): EmptyChairError {
  const details = status.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return makeError({
    code: codeOf(status.code),
    message: status.message,
    ...readDetails(details),
  });
}

/**
 * The error that a call failed with. A connection that broke, and a cancellation that the caller
 * did not ask for, are UNAVAILABLE: connect has other codes for these.
 */
export function errorOfCall(
  thrown: unknown,
  attempts: number,
  signal: AbortSignal | undefined,
): EmptyChairError {
  if (signal?.aborted) return cancelled(attempts, signal);
  if (thrown instanceof EmptyChairError) return thrown;
  const error = ConnectError.from(thrown);
  const requestId = error.metadata.get(REQUEST_ID) ?? undefined;
  let code = codeOf(error.code);
  const isOfServer = requestId !== undefined || error.metadata.has("grpc-status");
  if (!isOfServer && (LOST.has(code) || RESET.test(error.rawMessage))) code = "UNAVAILABLE";
  return makeError({
    code,
    message: error.rawMessage,
    ...readDetails(error.details.filter(isReceived)),
    requestId,
    attempts,
    cause: error.cause,
  });
}

/** The error of a call that its caller has ended. */
export function cancelled(attempts: number, signal: AbortSignal): EmptyChairError {
  return makeError({
    code: "CANCELLED",
    message: "the caller has ended the call",
    attempts,
    cause: signal.reason,
  });
}

// Connect also knows details of errors that are to be sent.
function isReceived(detail: object): detail is Detail {
  return "type" in detail && "value" in detail;
}

function readDetails(details: readonly Detail[]): Partial<ErrorFields> {
  const fields: { -readonly [K in keyof ErrorFields]?: ErrorFields[K] } = {};
  for (const { type, value } of details) {
    if (type === "google.rpc.ErrorInfo") {
      const info = fromBinary(ErrorInfoSchema, value);
      if (info.domain !== DOMAIN) continue;
      fields.reason = info.reason;
      fields.metadata = { ...info.metadata };
    } else if (type === "google.rpc.RetryInfo") {
      const delay = fromBinary(RetryInfoSchema, value).retryDelay;
      if (delay !== undefined) {
        fields.retryDelay = Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
      }
    } else if (type === "google.rpc.BadRequest") {
      fields.fieldViolations = fromBinary(BadRequestSchema, value).fieldViolations.map(
        ({ field, description }) => ({ field: localPath(field), description }),
      );
    }
  }
  return fields;
}

// `feedback[3].customer_id` by the names of this package; what stands in quotation marks is a
// caller's.
function localPath(path: string): string {
  return path.replace(/"[^"]*"|_([a-z0-9])/g, (found, letter: string | undefined) =>
    letter === undefined ? found : letter.toUpperCase(),
  );
}
