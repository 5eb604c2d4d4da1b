// The batch that records are added to.
import { Encoder } from "../message/encode.js";
import { encodeRecord } from "../message/record.js";
import { Sink } from "../message/sink.js";
import { type Batch, RECORD_TAG } from "./batch.js";

export class Filling {
  private readonly sink = new Sink(64 * 1024);
  private readonly encoder = new Encoder(this.sink);
  private ends: number[] = [];
  private contexts: unknown[] | undefined;
  private first = 0;
  private addedAt = 0;
  // Where the record that is being added begins, and its content.
  private start = 0;
  private content = 0;

  get count(): number {
    return this.ends.length;
  }

  /** Bytes of the records that were added. */
  get size(): number {
    return this.ends.at(-1) ?? 0;
  }

  /** The number of the first of them. */
  get firstNumber(): number | undefined {
    return this.ends.length === 0 ? undefined : this.first;
  }

  /** When the first of them was added. */
  get since(): number {
    return this.addedAt;
  }

  /** Writes a record behind the others and answers its size; an error leaves nothing behind. */
  write(record: unknown): number {
    this.begin();
    try {
      encodeRecord(this.encoder, record);
    } catch (error) {
      this.undo();
      throw error;
    }
    return this.end();
  }

  /** The same with a record that is written already. */
  writeBytes(record: Uint8Array): number {
    this.begin();
    this.sink.reserve(record.length);
    this.sink.bytes.set(record, this.sink.at);
    this.sink.at += record.length;
    return this.end();
  }

  /** What was written last, as it stands in a file. */
  get record(): Buffer {
    return this.sink.bytes.subarray(this.content, this.sink.at);
  }

  /** Takes back what was written last. */
  undo(): void {
    this.sink.at = this.start;
  }

  /** Adds what was written last. */
  add(number: number, context: unknown, now: number): void {
    if (this.ends.length === 0) {
      this.first = number;
      this.addedAt = now;
    }
    if (context !== undefined) this.contexts ??= [];
    if (this.contexts !== undefined) this.contexts[this.ends.length] = context;
    this.ends.push(this.sink.at);
  }

  /** The records that were added, as a batch; what was only written stays. */
  seal(): Batch {
    const size = this.size;
    const batch: Batch = {
      first: this.first,
      bytes: Buffer.from(this.sink.bytes.subarray(0, size)),
      ends: this.ends,
      contexts: this.contexts,
      addedAt: this.addedAt,
      sends: 0,
      number: 0n,
    };
    this.sink.bytes.copyWithin(0, size, this.sink.at);
    this.sink.at -= size;
    this.start -= size;
    this.content -= size;
    this.ends = [];
    this.contexts = undefined;
    return batch;
  }

  private begin(): void {
    this.start = this.sink.at;
    this.sink.reserve(1);
    this.sink.varint(RECORD_TAG);
    this.content = this.sink.begin();
  }

  private end(): number {
    const length = this.sink.end(this.content);
    this.content = this.sink.at - length;
    return this.sink.at - this.start;
  }
}
