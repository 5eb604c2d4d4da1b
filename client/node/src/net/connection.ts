// Calls over the network, with retries: from messages to messages.
import type { DescMessage, DescMethod, Message, MessageShape } from "@bufbuild/protobuf";
import type { DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { StreamResponse, Transport } from "@connectrpc/connect";
import { ApiKey, CallKey } from "./api_key.js";
import type { CallOptions } from "../calls.js";
import { cancelled, errorOfCall } from "./error_details.js";
import { type EmptyChairError, makeError } from "../errors.js";
import { checkTimeout, type Settings } from "./options.js";
import { Retries } from "./retries.js";
import { Endpoint, readTls } from "./transport.js";

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export class Connection {
  readonly settings: Settings;
  private readonly key: ApiKey | undefined;
  private readonly endpoints: readonly Endpoint[];
  private current = 0;
  private holders = 0;
  private isClosed = false;

  constructor(settings: Settings) {
    this.settings = settings;
    this.key = ApiKey.of(settings);
    const material = settings.tls === undefined ? undefined : readTls(settings.tls);
    this.endpoints = settings.endpoints.map((endpoint) => new Endpoint(endpoint, material));
  }

  callKey(): CallKey {
    return new CallKey(this.key);
  }

  /** The transport of the endpoint that is called now, for stubs. */
  get transport(): Transport {
    return this.endpoints[this.current]!.transport;
  }

  /** While somebody holds, the process waits for the connection. */
  hold(): void {
    if (++this.holders === 1) this.endpoints[this.current]!.hold(true);
  }
  letGo(): void {
    if (--this.holders === 0) this.endpoints[this.current]!.hold(false);
  }

  close(): void {
    this.isClosed = true;
    for (const endpoint of this.endpoints) endpoint.close();
  }

  /** Headers of one attempt. */
  async headers(key: CallKey): Promise<Headers> {
    const headers = new Headers();
    const authorization = await key.authorization();
    if (authorization !== undefined) headers.set("authorization", authorization);
    const trace = this.settings.traceparent?.();
    if (trace !== undefined && TRACEPARENT.test(trace)) headers.set("traceparent", trace);
    return headers;
  }

  /** The number of the endpoint that is called now, for `failed`. */
  get endpoint(): number {
    return this.current;
  }

  /**
   * The error of an attempt. When its endpoint could not be reached, the next one is called from now,
   * unless another call has found that out.
   */
  failed(
    thrown: unknown,
    attempts: number,
    signal: AbortSignal | undefined,
    endpoint: number,
  ): EmptyChairError {
    const error = errorOfCall(thrown, attempts, signal);
    if (error.code === "UNAVAILABLE" && endpoint === this.current && this.endpoints.length > 1) {
      if (this.holders > 0) this.endpoints[this.current]!.hold(false);
      this.current = (this.current + 1) % this.endpoints.length;
      if (this.holders > 0) this.endpoints[this.current]!.hold(true);
    }
    return error;
  }

  checkOpen(): void {
    if (!this.isClosed) return;
    throw makeError({ code: "FAILED_PRECONDITION", message: "the client is closed" });
  }

  /** Sends a request until it is answered, or as often as its `Retries` allow. */
  async unary(method: DescMethod, message: Message, options: CallOptions = {}): Promise<Message> {
    this.checkOpen();
    const { signal, timeout } = options;
    if (timeout !== undefined) checkTimeout(timeout);
    const key = this.callKey();
    const retries = new Retries(this.settings, key, timeout ?? this.settings.timeout);
    retries.begin();
    this.hold();
    try {
      for (let attempts = 1; ; attempts++) {
        const { endpoint } = this;
        try {
          const response = await this.transport.unary(
            method as DescMethodUnary,
            signal,
            Math.max(1, Math.ceil(retries.timeLeft())),
            await this.headers(key),
            message,
          );
          return response.message;
        } catch (thrown) {
          const error = this.failed(thrown, attempts, signal, endpoint);
          const canRepeat = isIdempotent(method) || error.code === "UNAUTHENTICATED";
          if (!canRepeat || !(await retries.again(error, signal))) {
            throw signal?.aborted ? cancelled(attempts, signal) : error;
          }
        }
      }
    } finally {
      this.letGo();
    }
  }

  /** Opens a call that answers with many messages. The caller retries, and holds the connection. */
  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    input: AsyncIterable<MessageShape<I>>,
    key: CallKey,
    signal: AbortSignal,
    timeout?: number,
  ): Promise<StreamResponse<I, O>> {
    this.checkOpen();
    const headers = await this.headers(key);
    // Messages go as they are: connect takes an init where it needs no more than that.
    return this.transport.stream(method, signal, timeout, headers, input as never);
  }
}

/** Whether a call has the same effect when it is sent twice. */
export function isIdempotent(method: DescMethod): boolean {
  return method.idempotency !== Level.IDEMPOTENCY_UNKNOWN;
}
