// The changes of records, over as many calls as it takes.
import { clone, type Message } from "@bufbuild/protobuf";
import type { CallOptions } from "./calls.js";
import type { Connection } from "./net/connection.js";
import { answerOf } from "./message/decode.js";
import { cancelled } from "./net/error_details.js";
import { type EmptyChairError, makeError } from "./errors.js";
import { ruleOf } from "./message/fields.js";
import type { WatchFeedbackResponse } from "./gen/api.js";
import {
  FeedbackService,
  type WatchFeedbackRequest,
  WatchFeedbackRequestSchema,
} from "./gen/emptychair/v1/feedback_service_pb.js";
import { positionText } from "./position.js";
import { Retries } from "./net/retries.js";
import { messagesOf } from "./net/server_stream.js";

const method = FeedbackService.method.watchFeedback;
const rule = ruleOf(method.output);

/**
 * The changes as they happen, in order, without gaps or repeats. When the connection breaks or the
 * server restarts it goes on where it was; an interruption longer than the timeout is an error, and
 * so is STORE_CHANGED: the store went on from an older copy, so list everything anew. Leaving the
 * loop, or the signal, ends it. Messages without changes are left out. For one loop at a time; the
 * next one goes on behind what was handed out.
 */
export class Watch implements AsyncIterable<WatchFeedbackResponse> {
  private readonly connection: Connection;
  private readonly request: WatchFeedbackRequest;
  private readonly options: CallOptions;
  private at: string | undefined;

  /** @internal Use `client.watchFeedback`. */
  constructor(connection: Connection, request: Message, options: CallOptions = {}) {
    this.connection = connection;
    this.request = clone(WatchFeedbackRequestSchema, request as WatchFeedbackRequest);
    this.options = options;
  }

  /**
   * Where to go on, as `STORE_ID:EPOCH:SEQUENCE`: behind all that was handed out. Undefined until
   * the server has answered. Keep it together with what you made of the changes, and give it to
   * `after`.
   */
  get position(): string | undefined {
    return this.at;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchFeedbackResponse, undefined, undefined> {
    const { signal, timeout } = this.options;
    const key = this.connection.callKey();
    const retries = new Retries(this.connection.settings, key, timeout);
    for (;;) {
      let error: EmptyChairError;
      if (signal?.aborted) throw cancelled(0, signal);
      try {
        for await (const message of messagesOf(
          this.connection,
          method,
          this.request,
          key,
          signal,
        )) {
          retries.forgetUntilFailure();
          const response = answerOf(rule, message) as WatchFeedbackResponse;
          this.goOnFrom(response);
          if (response.changes.length > 0) yield response;
        }
        error = makeError({
          code: "UNAVAILABLE",
          message: "the server ended a stream without end",
        });
      } catch (thrown) {
        error = thrown as EmptyChairError;
      }
      if (!(await retries.again(error, signal))) {
        throw signal?.aborted ? cancelled(1, signal) : error;
      }
    }
  }

  private goOnFrom(response: WatchFeedbackResponse): void {
    const { sequence, storeId, epoch } = response;
    this.request.afterSequence = sequence;
    this.request.storeId = storeId;
    this.request.epoch = epoch;
    this.at = positionText({ sequence, storeId, epoch });
  }
}
