// One call that takes batches and acknowledges them in order.
import type { DescMethodStreaming, Message } from "@bufbuild/protobuf";
import type { CallKey } from "./api_key.js";
import type { Connection } from "./connection.js";
import { type EmptyChairError, makeError } from "../errors.js";

export interface BatchCallEvents {
  /** A batch is acknowledged. */
  readonly onMessage: (message: Message) => void;
  /** The call has ended; undefined: well. Nothing comes behind it. */
  readonly onEnd: (error: EmptyChairError | undefined) => void;
}

export class BatchCall {
  private readonly events: BatchCallEvents;
  private readonly controller = new AbortController();
  private readonly queue: Message[] = [];
  private isEnded = false;
  private isWriting = true;
  private wake: (() => void) | undefined;

  constructor(
    connection: Connection,
    method: DescMethodStreaming,
    key: CallKey,
    events: BatchCallEvents,
  ) {
    this.events = events;
    void this.run(connection, method, key);
  }

  /** Sends a batch behind those before it. */
  write(message: Message): void {
    this.queue.push(message);
    this.wake?.();
  }

  /** Nothing more will be sent. */
  end(): void {
    this.isWriting = false;
    this.wake?.();
  }

  /** Ends the call at once; no event comes any more. */
  cancel(): void {
    this.isEnded = true;
    this.controller.abort();
    this.wake?.();
  }

  private async *written(): AsyncGenerator<Message> {
    while (!this.isEnded) {
      const next = this.queue.shift();
      if (next !== undefined) {
        yield next;
      } else if (!this.isWriting) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = undefined;
      }
    }
  }

  private async run(connection: Connection, method: DescMethodStreaming, key: CallKey) {
    let error: EmptyChairError | undefined;
    const { endpoint } = connection;
    try {
      const { message } = await connection.stream(
        method,
        this.written() as AsyncIterable<never>,
        key,
        this.controller.signal,
      );
      for await (const acknowledgement of message) {
        if (this.isEnded) return;
        this.events.onMessage(acknowledgement);
      }
      if (this.isWriting) {
        error = makeError({
          code: "UNAVAILABLE",
          message: "the server ended the stream before all was acknowledged",
        });
      }
    } catch (thrown) {
      error = connection.failed(thrown, 1, undefined, endpoint);
    }
    if (this.isEnded) return;
    this.isEnded = true;
    this.wake?.();
    this.events.onEnd(error);
  }
}
