// Sends records in the background, for code that must not wait for feedback.
import { writeSync } from "node:fs";
import type { Client } from "../client.js";
import { errorOfStatus } from "../net/error_details.js";
import { type EmptyChairError, isRetryable, makeError } from "../errors.js";
import type { FeedbackInput } from "../gen/api.js";
import type { StreamFeedbackResponse } from "../gen/emptychair/v1/feedback_service_pb.js";
import { explainClock, withIdentity } from "../message/record.js";
import { Spool } from "./spool.js";
import { type Batch, countOf, part, pick } from "./batch.js";
import { Delivery } from "./delivery.js";
import { Filling } from "./filling.js";
import {
  type FeedbackWriterOptions,
  type WhenFull,
  type WriterSettings,
  writerSettings,
} from "./options.js";
import { Results } from "./results.js";
import { Waiters } from "./waiters.js";

/**
 * What a writer has done since it was made. Each record that was added is in one of `stored`,
 * `alreadyExisted`, `rejected`, `gaveUp` and `queuedRecords`.
 */
export interface FeedbackWriterCounters {
  /** Records that `add` took, and those that were in the spool. */
  readonly added: number;
  readonly stored: number;
  readonly alreadyExisted: number;
  readonly rejected: number;
  readonly gaveUp: number;
  /** Of these: for want of room. */
  readonly dropped: number;
  /** Records that are not answered, those in the spool among them, and their encoded size. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** Batches that were sent, each time. */
  readonly batches: number;
  readonly reconnects: number;
  /** Milliseconds since the oldest of the queue was added; 0: it is empty. */
  readonly oldestAge: number;
  /** How often `onResult` has thrown. */
  readonly exceptions: number;
  /**
   * Records that were cut off the end of the spool when it was opened: their process or the machine
   * had stopped while they were written.
   */
  readonly spoolTornRecords: number;
  /** Undefined again once a batch is acknowledged. */
  readonly lastError: EmptyChairError | undefined;
}

// No timer of Node's goes beyond.
const TIMER_MS_MAX = 2 ** 31 - 1;

const closedError = () =>
  makeError({ code: "FAILED_PRECONDITION", message: "the writer is closed" });

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Sends feedback in batches behind its caller's back: `add` checks a record and returns. What is
 * not acknowledged is sent again, when the connection breaks or the server restarts, until
 * `giveUpAfter`: each record is stored once, and has one result. One writer is enough for a
 * process; it does not keep the process alive while it has nothing to send. Close it before the
 * process ends: what is not sent by then is lost, unless there is a `spool`.
 *
 * @example
 * const writer = new FeedbackWriter(new Client());
 * writer.add({ surveyId: "checkout", score: 9 });
 */
export class FeedbackWriter<Context = unknown, Full extends WhenFull = "REFUSE"> {
  private readonly settings: WriterSettings<Context>;
  private readonly client: Client;
  private readonly delivery: Delivery;
  private readonly results: Results<Context>;
  private readonly waiters = new Waiters();
  private readonly filling = new Filling();
  // The same for records that are read back from the spool.
  private readonly refilling = new Filling();
  private readonly waiting: Batch[] = [];
  private readonly spool: Spool | undefined;
  private number = 0;
  private sealed = 0;
  private records = 0;
  private bytes = 0;
  // Of these, what is in memory.
  private memoryBytes = 0;
  private isClosed = false;
  private isStopped = false;
  private closing: Promise<void> | undefined;
  private lingerTimer: NodeJS.Timeout | undefined;
  private isRipe = false;
  private giveUpTimer: NodeJS.Timeout | undefined;
  private isHolding = false;
  private readonly onExit = () => this.warnAtExit();

  /** Errors: `InvalidArgument` with the option's name; those of a spool that cannot be used. */
  constructor(client: Client, options: FeedbackWriterOptions<Context, Full> = {}) {
    this.client = client;
    this.settings = writerSettings(options);
    this.results = new Results(this.settings.onResult);
    this.delivery = new Delivery(client.connection, this.settings.inFlightBatches, {
      take: () => this.take(),
      onAcknowledged: (batch, response) => this.onAcknowledged(batch, response),
      onRefused: (batch, error) => this.settleAll(batch, "REJECTED", error),
    });
    process.on("exit", this.onExit);
    if (this.settings.spool === undefined) return;
    this.spool = new Spool(this.settings.spool, this.settings.sync);
    this.number = this.spool.nextNumber;
    this.records = this.spool.liveRecords;
    this.results.counts.added = this.records;
    this.bytes = this.spool.liveBytes;
    this.changed();
    this.delivery.pump();
  }

  /**
   * Takes a record to be sent, and returns: true, or false when there is no room for it (with
   * `BLOCK` a promise of that). The record has its id and its time from now on. `context` comes
   * back with its result; it is not kept for records that only the spool has room for. Throws
   * `InvalidArgument` for a record that could not be stored, as `submitFeedback` does, and
   * FAILED_PRECONDITION once the writer is closed, also while it waits for room.
   */
  add(
    feedback: FeedbackInput,
    context?: Context,
  ): Full extends "BLOCK" ? Promise<boolean> : boolean;
  add(feedback: FeedbackInput, context?: Context): boolean | Promise<boolean> {
    if (this.settings.whenFull === "BLOCK") return this.addWhenRoom(feedback, context);
    return this.tryAdd(feedback, context);
  }

  /** What was done so far. */
  counters(): FeedbackWriterCounters {
    const { results, delivery } = this;
    const since = delivery.oldest?.addedAt ?? this.waiting[0]?.addedAt;
    const oldest = since ?? (this.filling.count > 0 ? this.filling.since : undefined);
    return {
      ...results.counts,
      queuedRecords: this.records,
      queuedBytes: this.bytes,
      batches: delivery.batches,
      reconnects: delivery.reconnects,
      oldestAge: oldest === undefined ? 0 : performance.now() - oldest,
      spoolTornRecords: this.spool?.tornRecords ?? 0,
      lastError: delivery.lastError,
    };
  }

  /**
   * Sends what was added so far and waits until all of it is answered. After `timeout`
   * milliseconds: DEADLINE_EXCEEDED, with the number of records that are left in `metadata.left`;
   * they stay queued.
   */
  async flush(timeout = 10_000): Promise<void> {
    const end = this.number;
    this.seal();
    this.delivery.pump();
    if (await this.waiters.until(() => this.firstUnanswered() >= end, timeout)) return;
    const left = Math.max(this.records - (this.number - end), 0);
    throw makeError({
      code: "DEADLINE_EXCEEDED",
      message: `${left} records are not answered after ${timeout} ms`,
      metadata: { left: String(left) },
      cause: this.delivery.lastError,
    });
  }

  /**
   * Takes no more, flushes, and stops. What is left after `timeout` milliseconds is given up, or
   * stays in the spool for the next writer, and DEADLINE_EXCEEDED is thrown. The client stays open.
   * Again: what the first time said.
   */
  close(timeout = 5_000): Promise<void> {
    this.closing ??= this.flushAndStop(timeout);
    return this.closing;
  }

  /** `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async flushAndStop(timeout: number): Promise<void> {
    this.isClosed = true;
    this.waiters.refuseAll(closedError());
    try {
      await this.flush(timeout);
    } finally {
      this.stop();
    }
  }

  private tryAdd(feedback: FeedbackInput, context: Context | undefined): boolean {
    if (this.isClosed) throw closedError();
    const record = withIdentity(feedback, this.client.connection.settings.now());
    const size = this.filling.write(record);
    if (!this.hasRoom(size) && !this.makeRoom(size)) {
      this.filling.undo();
      return false;
    }
    // Behind records that only the spool has, so as not to overtake them.
    const fitsMemory = this.fitsMemory(size) && this.spool?.hasMore !== true;
    try {
      this.number = this.spool?.append(this.filling.record) ?? this.number;
    } catch (error) {
      this.filling.undo();
      throw error;
    }
    this.results.counts.added++;
    this.records++;
    this.bytes += size;
    if (fitsMemory) {
      this.spool?.skip(this.filling.record.length);
      this.addToFilling(this.number, size, context);
    } else {
      this.filling.undo();
    }
    this.number++;
    this.changed();
    return true;
  }

  private async addWhenRoom(
    feedback: FeedbackInput,
    context: Context | undefined,
  ): Promise<boolean> {
    // Those who wait go first; a wrong record need not wait to be told so.
    const record = withIdentity(feedback, this.client.connection.settings.now()) as FeedbackInput;
    const batches = this.sealed;
    if (!this.waiters.hasAny && this.tryAdd(record, context)) {
      // Whoever adds in a loop must not keep the batches from being sent.
      if (this.sealed !== batches) await nextTurn();
      return true;
    }
    if (this.isClosed) throw closedError();
    this.filling.write(record);
    this.filling.undo();
    return this.waiters.add(() => this.tryAdd(record, context), this.settings.blockTimeout);
  }

  private fitsMemory(size: number): boolean {
    return this.memoryBytes + size <= this.settings.queueBytes;
  }

  private hasRoom(size: number): boolean {
    if (this.spool === undefined) return this.fitsMemory(size);
    return this.bytes + size <= this.settings.spoolBytes;
  }

  // Drops what waits longest until there is room. What is in flight is not dropped: it may be
  // stored.
  private makeRoom(size: number): boolean {
    if (this.settings.whenFull !== "DROP_OLDEST") return false;
    const error = makeError({
      code: "RESOURCE_EXHAUSTED",
      reason: "QUEUE_FULL",
      message: "the record made room for a newer one",
    });
    while (!this.hasRoom(size)) {
      if (this.waiting.length === 0) this.refill();
      if (this.waiting.length === 0 && this.filling.count > 0)
        this.waiting.push(this.filling.seal());
      const batch = this.waiting.shift();
      if (batch === undefined) return false;
      const count = countOf(batch);
      if (count > 1) this.waiting.unshift(part(batch, 1, count));
      this.settleLater(part(batch, 0, 1), error);
    }
    return true;
  }

  private addToFilling(number: number, size: number, context: unknown): void {
    const { filling, settings } = this;
    const batches = this.sealed;
    if (filling.count > 0 && filling.size + size > settings.batchBytes) this.seal();
    filling.add(number, context, performance.now());
    this.memoryBytes += size;
    if (filling.count >= settings.batchRecords || filling.size >= settings.batchBytes) this.seal();
    if (this.sealed !== batches) this.delivery.pump();
    if (filling.count > 0 && this.lingerTimer === undefined && !this.isRipe) {
      this.lingerTimer = setTimeout(() => {
        this.lingerTimer = undefined;
        this.isRipe = true;
        this.delivery.pump();
      }, settings.linger);
    }
  }

  private seal(): void {
    clearTimeout(this.lingerTimer);
    this.lingerTimer = undefined;
    this.isRipe = false;
    if (this.filling.count === 0) return;
    this.waiting.push(this.filling.seal());
    this.sealed++;
  }

  // The next batch for the delivery.
  private take(): Batch | undefined {
    if (this.waiting.length === 0) {
      if (this.spool?.hasMore) {
        this.seal();
        this.guardSpool(() => this.refill());
      } else if (this.isRipe) {
        this.seal();
      }
    }
    return this.waiting.shift();
  }

  // Reads a batch of what only the spool has.
  private refill(): void {
    const { spool, refilling, settings } = this;
    while (refilling.count < settings.batchRecords && refilling.size < settings.batchBytes) {
      const next = spool?.read();
      if (next === undefined) break;
      this.memoryBytes += refilling.writeBytes(next.record);
      refilling.add(next.number, undefined, performance.now());
    }
    if (refilling.count === 0) return;
    const batch = refilling.seal();
    // An earlier process may have sent it.
    batch.sends = 1;
    this.waiting.push(batch);
  }

  private onAcknowledged(batch: Batch, response: StreamFeedbackResponse): void {
    const again: number[] = [];
    let why: EmptyChairError | undefined;
    const errors = new Map<number, EmptyChairError>();
    for (const { index, status } of response.failures) {
      const error = explainClock(errorOfStatus(status!));
      if (isRetryable(error)) {
        again.push(index);
        why = error;
      } else {
        errors.set(index, error);
      }
    }
    // Of one that was sent before it cannot be told whose it is.
    const existed = new Set(batch.sends > 1 ? [] : response.alreadyExistedIndexes);
    const later = new Set(again);
    for (let i = 0; i < countOf(batch); i++) {
      if (later.has(i)) continue;
      const error = errors.get(i);
      const outcome =
        error !== undefined ? "REJECTED" : existed.has(i) ? "ALREADY_EXISTED" : "STORED";
      this.results.report(batch, i, outcome, error);
    }
    const rest = again.length === 0 ? undefined : pick(batch, again);
    this.forget(countOf(batch) - again.length, batch.bytes.length - (rest?.bytes.length ?? 0));
    if (rest !== undefined) this.delivery.sendAgain(rest, why!);
    this.settled();
  }

  private settleAll(batch: Batch, outcome: "REJECTED" | "GAVE_UP", error: EmptyChairError): void {
    for (let i = 0; i < countOf(batch); i++) this.results.report(batch, i, outcome, error);
    this.forget(countOf(batch), batch.bytes.length);
    this.settled();
  }

  // From within `add`, in which no callback runs.
  private settleLater(batch: Batch, error: EmptyChairError): void {
    this.forget(1, batch.bytes.length);
    this.results.counts.gaveUp++;
    this.results.counts.dropped++;
    setImmediate(() => {
      this.results.tell(batch, 0, "GAVE_UP", error);
      this.settled();
    });
  }

  private forget(records: number, bytes: number): void {
    this.records -= records;
    this.bytes -= bytes;
    this.memoryBytes -= bytes;
  }

  private settled(): void {
    // What is not noted is sent again by the next writer, which stores nothing twice.
    this.guardSpool(() => this.spool?.acknowledge(this.firstUnanswered()));
    this.changed();
    this.waiters.look();
  }

  // A disk that fails must not end the process.
  private guardSpool(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const message = `the spool failed: ${(cause as Error).message}`;
      this.delivery.lastError = makeError({ code: "INTERNAL", message, cause });
    }
  }

  // All records below this number are answered.
  private firstUnanswered(): number {
    return Math.min(
      this.delivery.oldest?.first ?? this.number,
      this.waiting[0]?.first ?? this.number,
      this.filling.firstNumber ?? this.number,
      this.spool?.nextUnread ?? this.number,
    );
  }

  // Keeps the process alive while there is something to do, and gives up in time.
  private changed(): void {
    const isBusy = this.records > 0 && !this.isStopped;
    if (isBusy === this.isHolding) return;
    this.isHolding = isBusy;
    const { connection } = this.client;
    if (isBusy) {
      connection.hold();
      this.watchAge();
    } else {
      connection.letGo();
      clearTimeout(this.giveUpTimer);
    }
  }

  private watchAge(): void {
    const { giveUpAfter } = this.settings;
    if (giveUpAfter === 0) return;
    const { oldestAge } = this.counters();
    this.giveUpTimer = setTimeout(
      () => {
        this.giveUp(performance.now() - giveUpAfter);
        if (this.isHolding) this.watchAge();
      },
      Math.min(Math.max(giveUpAfter - oldestAge, 10), TIMER_MS_MAX),
    );
  }

  private giveUp(before: number): void {
    const isOld = (batch: Batch) => batch.addedAt <= before;
    const old = this.delivery.takeBack(isOld);
    while (this.waiting[0] !== undefined && isOld(this.waiting[0])) old.push(this.waiting.shift()!);
    if (this.filling.count > 0 && this.filling.since <= before) old.push(this.filling.seal());
    const { giveUpAfter } = this.settings;
    for (const batch of old) this.settleAll(batch, "GAVE_UP", this.lastErrorOr(giveUpAfter));
    this.delivery.pump();
  }

  private lastErrorOr(timeout: number): EmptyChairError {
    const message = `no answer after ${timeout} ms`;
    return this.delivery.lastError ?? makeError({ code: "DEADLINE_EXCEEDED", message });
  }

  private stop(): void {
    if (this.isStopped) return;
    this.seal();
    const left = [...this.delivery.stop(), ...this.waiting.splice(0)];
    const error =
      this.delivery.lastError ?? makeError({ code: "CANCELLED", message: "the writer was closed" });
    if (this.spool === undefined) for (const batch of left) this.settleAll(batch, "GAVE_UP", error);
    this.isStopped = true;
    this.changed();
    this.spool?.close();
    this.waiters.look();
    process.off("exit", this.onExit);
  }

  private warnAtExit(): void {
    if (this.records === 0 || this.spool !== undefined) return;
    writeSync(2, `emptychair: the process ended with ${this.records} records that were not sent\n`);
  }
}
