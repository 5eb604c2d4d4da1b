// Takes batches to the server: in order, over as many calls as it takes, again until each is
// answered.
import type { Message } from "@bufbuild/protobuf";
import type { CallKey } from "../net/api_key.js";
import { BatchCall } from "../net/batch_call.js";
import type { Connection } from "../net/connection.js";
import { type EmptyChairError, makeError } from "../errors.js";
import {
  FeedbackService,
  type StreamFeedbackResponse,
} from "../gen/emptychair/v1/feedback_service_pb.js";
import { waitAfter } from "../net/retries.js";
import { type Batch, countOf, part, requestFor } from "./batch.js";

// Keys and servers are renewed by people, and quotas by the day.
const HELP_WAIT = 30_000;

export interface DeliveryEvents {
  /** The next batch that was never sent; undefined: there is none now. */
  readonly take: () => Batch | undefined;
  readonly onAcknowledged: (batch: Batch, response: StreamFeedbackResponse) => void;
  /** The server refuses a batch of this one record as a whole. */
  readonly onRefused: (batch: Batch, error: EmptyChairError) => void;
}

export class Delivery {
  lastError: EmptyChairError | undefined;
  reconnects = 0;
  batches = 0;
  private readonly connection: Connection;
  private readonly inFlightMax: number;
  private readonly events: DeliveryEvents;
  private readonly key: CallKey;
  private readonly stopped = new AbortController();
  private call: BatchCall | undefined;
  private isReconnect = false;
  // Sent and not acknowledged, then those to be sent again; in the order of their numbers.
  private readonly inFlight: Batch[] = [];
  private readonly again: Batch[] = [];
  private number = 0n;
  private failures = 0;
  private isPaused = false;

  constructor(connection: Connection, inFlightMax: number, events: DeliveryEvents) {
    this.connection = connection;
    this.inFlightMax = inFlightMax;
    this.events = events;
    this.key = connection.callKey();
  }

  /** The batch with the oldest record that was sent and is not answered. */
  get oldest(): Batch | undefined {
    const [flying] = this.inFlight;
    const [next] = this.again;
    if (flying === undefined || next === undefined) return flying ?? next;
    return next.first < flying.first ? next : flying;
  }

  /** Sends as much as may be in flight. */
  pump(): void {
    if (this.isPaused || this.stopped.signal.aborted) return;
    while (this.inFlight.length < this.inFlightMax) {
      const batch = this.again.shift() ?? this.events.take();
      if (batch === undefined) return;
      this.send(batch);
    }
  }

  /** Sends records again, before all others, once `error` allows it. */
  sendAgain(batch: Batch, error: EmptyChairError): void {
    this.again.push(batch);
    this.again.sort((a, b) => a.first - b.first);
    void this.pause(error);
  }

  /** Takes back all batches that `isOld` says; what else was in flight is sent again. */
  takeBack(isOld: (batch: Batch) => boolean): Batch[] {
    if (this.inFlight.some(isOld)) {
      this.call?.cancel();
      this.call = undefined;
      this.requeue();
    }
    const old = this.again.filter(isOld);
    this.again.splice(0, this.again.length, ...this.again.filter((batch) => !isOld(batch)));
    return old;
  }

  /** Ends the call, and answers what was not acknowledged. */
  stop(): Batch[] {
    this.stopped.abort();
    this.call?.cancel();
    this.call = undefined;
    this.requeue();
    return this.again.splice(0);
  }

  private send(batch: Batch): void {
    if (this.call === undefined) this.open();
    batch.number = ++this.number;
    batch.sends++;
    this.batches++;
    this.inFlight.push(batch);
    this.call!.write(requestFor(batch, batch.number));
  }

  private open(): void {
    if (this.isReconnect) this.reconnects++;
    this.isReconnect = true;
    this.call = new BatchCall(this.connection, FeedbackService.method.streamFeedback, this.key, {
      onMessage: (message) => this.onMessage(message),
      onEnd: (error) => this.onEnd(error),
    });
  }

  private onMessage(message: Message): void {
    const response = message as StreamFeedbackResponse;
    const [batch] = this.inFlight;
    if (batch?.number !== response.batchNumber) {
      this.call?.cancel();
      this.onEnd(
        makeError({
          code: "INTERNAL",
          message: `the server acknowledged batch ${response.batchNumber} out of order`,
        }),
      );
      return;
    }
    this.inFlight.shift();
    this.failures = 0;
    this.lastError = undefined;
    this.key.begin();
    this.events.onAcknowledged(batch, response);
    this.pump();
  }

  private onEnd(error: EmptyChairError | undefined): void {
    this.call = undefined;
    const [head] = this.inFlight;
    // A call that had nothing to do is opened again when there is something.
    if (head === undefined) return;
    this.requeue();
    const why = error ?? makeError({ code: "UNAVAILABLE", message: "the server ended the stream" });
    this.lastError = why;
    if (isOfBatch(why)) {
      this.refuse(why);
    } else {
      void this.pause(why);
    }
  }

  // Batches before it were acknowledged, so it is the first that the server does not take.
  private refuse(error: EmptyChairError): void {
    const batch = this.again.shift()!;
    const count = countOf(batch);
    if (count === 1) {
      this.events.onRefused(batch, error);
    } else {
      const middle = Math.ceil(count / 2);
      this.again.unshift(part(batch, 0, middle), part(batch, middle, count));
    }
    this.pump();
  }

  private requeue(): void {
    this.again.push(...this.inFlight.splice(0));
    this.again.sort((a, b) => a.first - b.first);
  }

  private async pause(error: EmptyChairError): Promise<void> {
    this.lastError = error;
    if (this.isPaused) return;
    this.isPaused = true;
    try {
      if (!(await this.hasOtherKey(error))) {
        await this.connection.settings.sleep(this.waitAfter(error), this.stopped.signal);
        await this.hasOtherKey(error);
      }
    } catch (thrown) {
      if (!this.stopped.signal.aborted) throw thrown;
    }
    this.isPaused = false;
    this.pump();
  }

  private async hasOtherKey(error: EmptyChairError): Promise<boolean> {
    if (error.code !== "UNAUTHENTICATED") return false;
    const isOther = await this.key.renew();
    this.key.begin();
    return isOther;
  }

  private waitAfter(error: EmptyChairError): number {
    return needsHelp(error)
      ? HELP_WAIT
      : waitAfter(error, this.failures++, this.connection.settings.jitter());
  }
}

// Without a delay no waiting helps: too large a message, or a quota that is used up.
const isFinal = ({ code, retryDelay }: EmptyChairError): boolean =>
  code === "RESOURCE_EXHAUSTED" && retryDelay === undefined;

// Who the caller is, what it may do, its quota, and whom it calls: others have to change that.
function needsHelp(error: EmptyChairError): boolean {
  const { code, reason } = error;
  return (
    code === "UNAUTHENTICATED" ||
    code === "PERMISSION_DENIED" ||
    code === "UNIMPLEMENTED" ||
    (isFinal(error) && reason !== undefined)
  );
}

// Whether the batch is at fault: refused as a whole, or too large a message.
function isOfBatch(error: EmptyChairError): boolean {
  const { code, reason } = error;
  return (
    code === "INVALID_ARGUMENT" ||
    code === "OUT_OF_RANGE" ||
    (isFinal(error) && reason === undefined)
  );
}
