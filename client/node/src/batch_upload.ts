// Many batches, sent one after the other without waiting for each, over as many calls as it takes.
import type { DescMethodStreaming, Message } from "@bufbuild/protobuf";
import { BatchCall } from "./net/batch_call.js";
import type { Batches, CallOptions } from "./calls.js";
import type { Connection } from "./net/connection.js";
import { answerOf } from "./message/decode.js";
import { cancelled } from "./net/error_details.js";
import { type EmptyChairError, makeError } from "./errors.js";
import { ruleOf } from "./message/fields.js";
import { requestOf } from "./message/requests.js";
import { Retries } from "./net/retries.js";
import type { MethodShape } from "./message/shapes.js";

// Fewer than the server takes before it has acknowledged any, so that it always reads on.
const UNACKNOWLEDGED_MAX = 8;

interface Numbered {
  batchNumber: bigint;
}

/**
 * Sends batches and answers the acknowledgements, in the order sent. Batches that are not
 * acknowledged are kept, a few at a time, and sent again when the connection breaks: no record is
 * stored twice, but one may then be answered as having existed. The timeout starts anew with each
 * acknowledgement.
 */
export class BatchUpload {
  private readonly connection: Connection;
  private readonly shape: MethodShape;
  private readonly signal: AbortSignal | undefined;
  private readonly source: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly key;
  private readonly retries: Retries;
  private readonly unacknowledged: Message[] = [];
  private readonly acknowledged: Message[] = [];
  private call: BatchCall | undefined;
  private batches = 0;
  private isPulling = false;
  private isDrained = false;
  // Of the source or of a batch: thrown once what was sent before is acknowledged.
  private fault: { error: unknown } | undefined;
  private failure: EmptyChairError | undefined;
  private wake: () => void = () => {};

  constructor(
    connection: Connection,
    shape: MethodShape,
    batches: Batches<unknown>,
    options: CallOptions = {},
  ) {
    this.connection = connection;
    this.shape = shape;
    this.signal = options.signal;
    this.source =
      Symbol.asyncIterator in batches
        ? batches[Symbol.asyncIterator]()
        : batches[Symbol.iterator]();
    this.key = connection.callKey();
    this.retries = new Retries(connection.settings, this.key, options.timeout);
  }

  async *run(): AsyncGenerator<object, undefined, undefined> {
    const rule = ruleOf(this.shape.method.output);
    const onAbort = () => this.wake();
    this.signal?.addEventListener("abort", onAbort);
    this.connection.hold();
    try {
      for (;;) {
        if (this.signal?.aborted) throw cancelled(1, this.signal);
        const message = this.acknowledged.shift();
        if (message !== undefined) {
          yield answerOf(rule, message);
        } else if (this.failure !== undefined) {
          await this.resume(this.failure);
        } else if (this.isDrained && this.unacknowledged.length === 0) {
          this.call?.end();
          if (this.fault !== undefined) throw this.fault.error;
          return undefined;
        } else {
          const woken = new Promise<void>((resolve) => (this.wake = resolve));
          this.pull();
          await woken;
        }
      }
    } finally {
      this.signal?.removeEventListener("abort", onAbort);
      this.connection.letGo();
      this.call?.cancel();
      if (!this.isDrained) void this.source.return?.();
    }
  }

  // Asks the source for the next batch when there is room for it.
  private pull(): void {
    if (this.isPulling || this.isDrained || this.unacknowledged.length >= UNACKNOWLEDGED_MAX)
      return;
    this.isPulling = true;
    void (async () => {
      try {
        const next = await this.source.next();
        if (next.done) {
          this.isDrained = true;
        } else {
          this.send(next.value);
        }
      } catch (error) {
        this.fault = { error };
        this.isDrained = true;
      }
      this.isPulling = false;
      this.pull();
      this.wake();
    })();
  }

  private send(batch: unknown): void {
    const isObject = typeof batch === "object" && batch !== null;
    const input = isObject ? { ...batch, batchNumber: this.batches + 1 } : batch;
    const message = requestOf(this.shape, input, this.connection.settings.now);
    this.batches++;
    if (this.unacknowledged.length === 0) this.retries.begin();
    this.unacknowledged.push(message);
    if (this.failure === undefined) {
      this.call ??= this.open();
      this.call.write(message);
    }
  }

  private open(): BatchCall {
    return new BatchCall(this.connection, this.shape.method as DescMethodStreaming, this.key, {
      onMessage: (message) => this.onAcknowledged(message),
      onEnd: (error) => {
        this.call = undefined;
        this.failure = error;
        this.wake();
      },
    });
  }

  private onAcknowledged(message: Message): void {
    const first = this.unacknowledged[0] as (Message & Numbered) | undefined;
    const { batchNumber } = message as Message & Numbered;
    if (first?.batchNumber !== batchNumber) {
      this.call?.cancel();
      this.call = undefined;
      this.failure = makeError({
        code: "INTERNAL",
        message: `the server acknowledged batch ${batchNumber} out of order`,
      });
    } else {
      this.unacknowledged.shift();
      this.acknowledged.push(message);
      this.retries.begin();
    }
    this.wake();
  }

  // After a call has ended: sends what is unacknowledged over a new one, as long as that is worth
  // it.
  private async resume(error: EmptyChairError): Promise<void> {
    if (!(await this.retries.again(error, this.signal))) {
      throw this.signal?.aborted ? cancelled(1, this.signal) : error;
    }
    this.failure = undefined;
    if (this.unacknowledged.length === 0) return;
    this.call = this.open();
    for (const message of this.unacknowledged) this.call.write(message);
  }
}
