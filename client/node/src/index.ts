// The public surface of the package.
export type { Batches, CallOptions, List, Stream } from "./calls.js";
export { Client, type Stubs } from "./client.js";
export type { Environment } from "./net/environment.js";
export {
  AlreadyExists,
  type Code,
  EmptyChairError,
  type ErrorReason,
  type FieldViolation,
  InvalidArgument,
  NotFound,
  Unauthenticated,
  Unavailable,
} from "./errors.js";
export { FeedbackWriter, type FeedbackWriterCounters } from "./writer/feedback_writer.js";
export { newFeedbackId } from "./feedback_id.js";
export type * from "./gen/api.js";
export type { ClientOptions, Tls } from "./net/options.js";
export { after, parsePosition, type Position, positionText } from "./position.js";
export type { FeedbackWriterOptions, WhenFull, WriteResult } from "./writer/options.js";
export { Watch } from "./watch.js";
