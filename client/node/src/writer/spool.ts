// Records on disk until they are answered, in files that clients in all languages read.
//
// A file is named by the number of its first record, `%016x.spool`, and has `ECSPOOL1`, then for
// each record its length and the CRC-32 of its bytes, both u32 LE, and the bytes: a serialized
// Feedback. The file `acked` has the number of the first record that is not answered, u64 LE, and
// its CRC-32.
import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { EmptyChairError, fieldError, makeError } from "../errors.js";
import { lockSpool } from "./spool_lock.js";

const MAGIC = Buffer.from("ECSPOOL1");
const HEAD_BYTES = 8;
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const RECORD_BYTES_MAX = 1024 * 1024;
const FILE_NAME = /^[0-9a-f]{16}\.spool$/;
const ACKED = "acked";
const SYNC_MS = 1000;

interface SpoolFile {
  readonly first: number;
  count: number;
  bytes: number;
}

/**
 * When what was added is safe from a power cut: after a second at most, or before `add` returns.
 */
export type SpoolSync = "INTERVAL" | "ALWAYS";

const firstOf = (name: string) => Number.parseInt(name.slice(0, 16), 16);
const nameOf = (first: number) => `${first.toString(16).padStart(16, "0")}.spool`;

/** The bytes of the file `acked`. */
export function ackedBytes(number: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(BigInt(number));
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

/** Reads them; undefined: they are none. */
export function parseAcked(bytes: Buffer): number | undefined {
  if (bytes.length !== 12 || crc32(bytes.subarray(0, 8)) !== bytes.readUInt32LE(8))
    return undefined;
  return Number(bytes.readBigUInt64LE());
}

/** The bytes of a record in a file. */
export function frame(record: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + record.length);
  bytes.writeUInt32LE(record.length, 0);
  bytes.writeUInt32LE(crc32(record), 4);
  bytes.set(record, HEAD_BYTES);
  return bytes;
}

const isLength = (length: number) => length > 0 && length <= RECORD_BYTES_MAX;

/**
 * The record at `at`, or why there is none: the file ends, in the middle of it too, or it is
 * wrong.
 */
export function recordAt(bytes: Buffer, at: number): Buffer | "end" | "short" | "wrong" {
  const left = bytes.length - at;
  if (left === 0) return "end";
  if (left < HEAD_BYTES) return "short";
  const length = bytes.readUInt32LE(at);
  // What a power cut leaves can be zeros, which would be records without a byte.
  if (!isLength(length)) return "wrong";
  if (left < HEAD_BYTES + length) return "short";
  const record = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
  return crc32(record) === bytes.readUInt32LE(at + 4) ? record : "wrong";
}

/**
 * The records of a directory. One process has it at a time. Files are read and written in place.
 */
export class Spool {
  /** Records that were cut off the end of the last file when it was opened: 0 or 1. */
  readonly tornRecords: number;
  /** What was not answered when it was opened, and its bytes as they stand in a request. */
  liveRecords = 0;
  liveBytes = 0;
  private readonly directory: string;
  private readonly sync: SpoolSync;
  private readonly unlock: () => void;
  private readonly files: SpoolFile[] = [];
  private acked = 0;
  private next = 0;
  private writing: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly reader: { file: SpoolFile | undefined; fd: number; at: number; number: number };

  /**
   * Errors: `InvalidArgument` for a directory that cannot be used; FAILED_PRECONDITION while
   * another has it; DATA_LOSS when a file is damaged, which is set aside as `.bad` by then, so that
   * the next start goes on without it.
   */
  constructor(directory: string, sync: SpoolSync) {
    this.directory = directory;
    this.sync = sync;
    this.unlock = usable(() => {
      makeFolder(directory);
      return lockSpool(directory);
    });
    try {
      this.tornRecords = usable(() => this.load());
    } catch (error) {
      this.unlock();
      throw error;
    }
    this.reader = { file: undefined, fd: -1, at: 0, number: this.acked };
  }

  /** The number of the record that is added next. */
  get nextNumber(): number {
    return this.next;
  }

  /** Writes a record behind the others and answers its number. */
  append(record: Uint8Array): number {
    let file = this.files.at(-1);
    if (this.writing === undefined || file === undefined || file.bytes >= FILE_BYTES_MAX) {
      file = this.begin();
    }
    const bytes = frame(record);
    this.write(file, bytes);
    if (this.sync === "ALWAYS") {
      fsyncSync(this.writing!);
    } else {
      this.syncSoon();
    }
    file.bytes += bytes.length;
    file.count++;
    return this.next++;
  }

  /** The first record that was neither read nor passed over. */
  get nextUnread(): number {
    return this.reader.number;
  }

  /** Whether there is a record that was neither read nor passed over. */
  get hasMore(): boolean {
    return this.reader.number < this.next;
  }

  /** The next of these and its number, in the order of the numbers. */
  read(): { number: number; record: Buffer } | undefined {
    const { reader } = this;
    while (reader.number < this.next) {
      if (reader.file === undefined || reader.number >= reader.file.first + reader.file.count) {
        if (!this.openReader(reader.number)) return undefined;
      }
      const head = Buffer.alloc(HEAD_BYTES);
      readSync(reader.fd, head, 0, HEAD_BYTES, reader.at);
      const record = Buffer.allocUnsafe(head.readUInt32LE());
      readSync(reader.fd, record, 0, record.length, reader.at + HEAD_BYTES);
      reader.at += HEAD_BYTES + record.length;
      return { number: reader.number++, record };
    }
    return undefined;
  }

  /** Passes over the next record: its sender has it in memory. */
  skip(length: number): void {
    const { reader } = this;
    reader.number++;
    if (reader.file === undefined) return;
    if (reader.number <= reader.file.first + reader.file.count) reader.at += HEAD_BYTES + length;
  }

  /** All records below `number` are answered. */
  acknowledge(number: number): void {
    if (number <= this.acked) return;
    this.acked = number;
    const path = join(this.directory, ACKED);
    writeFileSync(`${path}.new`, ackedBytes(number));
    renameSync(`${path}.new`, path);
    while (this.files.length > 0) {
      const [file] = this.files as [SpoolFile];
      const isDone = file.first + file.count <= number;
      // The one that is written to goes once it is full or the spool is closed.
      if (
        !isDone ||
        (this.files.length === 1 && this.writing !== undefined && file.bytes < FILE_BYTES_MAX)
      ) {
        return;
      }
      this.removeFirst();
    }
  }

  close(): void {
    clearTimeout(this.timer);
    try {
      this.end();
    } finally {
      this.unlock();
    }
  }

  private end(): void {
    this.endWriting();
    this.closeReader();
    if (this.acked === this.next) while (this.files.length > 0) this.removeFirst();
  }

  // A record that could not be written whole is taken back.
  private write(file: SpoolFile, bytes: Buffer): void {
    try {
      writeAll(this.writing!, bytes, file.bytes);
    } catch (error) {
      ftruncateSync(this.writing!, file.bytes);
      throw makeError({
        code: "RESOURCE_EXHAUSTED",
        message: `the spool in ${this.directory} cannot be written: ${(error as Error).message}`,
        cause: error,
      });
    }
  }

  private removeFirst(): void {
    const file = this.files.shift()!;
    if (this.files.length === 0) this.endWriting();
    if (this.reader.file === file) this.closeReader();
    rmSync(join(this.directory, nameOf(file.first)), { force: true });
  }

  private begin(): SpoolFile {
    this.endWriting();
    const file = { first: this.next, count: 0, bytes: MAGIC.length };
    this.writing = openSync(join(this.directory, nameOf(file.first)), "w", 0o600);
    writeAll(this.writing, MAGIC, 0);
    // One without a record, from before, has the same name.
    if (this.files.at(-1)?.count === 0) this.files.pop();
    this.files.push(file);
    return file;
  }

  private endWriting(): void {
    if (this.writing === undefined) return;
    fsyncSync(this.writing);
    closeSync(this.writing);
    this.writing = undefined;
  }

  private syncSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      // A file that is ended was synced then.
      if (this.writing !== undefined) fsync(this.writing, () => {});
    }, SYNC_MS).unref();
  }

  private openReader(number: number): boolean {
    this.closeReader();
    // The numbers of a file that was set aside are passed over.
    const file = this.files.find(({ first, count }) => number < first + count);
    this.reader.number = file === undefined ? this.next : Math.max(number, file.first);
    if (file === undefined) return false;
    this.reader.file = file;
    this.reader.fd = openSync(join(this.directory, nameOf(file.first)), "r");
    this.reader.at = MAGIC.length;
    const head = Buffer.alloc(HEAD_BYTES);
    for (let n = file.first; n < this.reader.number; n++) {
      readSync(this.reader.fd, head, 0, HEAD_BYTES, this.reader.at);
      this.reader.at += HEAD_BYTES + head.readUInt32LE();
    }
    return true;
  }

  private closeReader(): void {
    if (this.reader.file === undefined) return;
    closeSync(this.reader.fd);
    this.reader.file = undefined;
  }

  // Reads what is there, and answers how many records it cut off.
  private load(): number {
    const acked = join(this.directory, ACKED);
    this.acked = existsSync(acked) ? (parseAcked(readFileSync(acked)) ?? 0) : 0;
    const names = readdirSync(this.directory)
      .filter((name) => FILE_NAME.test(name))
      .sort();
    let cut = 0;
    const bad: string[] = [];
    names.forEach((name, i) => {
      const next = names[i + 1];
      if (next !== undefined && firstOf(next) <= this.acked) {
        // All in it is answered.
        rmSync(join(this.directory, name));
        return;
      }
      const loaded = this.loadFile(name, i === names.length - 1);
      if (loaded === undefined) bad.push(name);
      else cut += loaded;
    });
    for (const name of bad) {
      renameSync(join(this.directory, name), join(this.directory, `${name}.bad`));
    }
    if (bad.length > 0) {
      throw makeError({
        code: "DATA_LOSS",
        message:
          `the spool in ${this.directory} has damaged files, which are set aside: ` +
          bad.map((name) => `${name}.bad`).join(", "),
      });
    }
    const last = this.files.at(-1);
    this.next = Math.max(this.acked, last === undefined ? 0 : last.first + last.count);
    this.acked = Math.max(this.acked, Math.min(this.files[0]?.first ?? this.next, this.next));
    // What a process that was killed had no time to remove.
    while (this.files[0] !== undefined && this.files[0].first + this.files[0].count <= this.acked) {
      rmSync(join(this.directory, nameOf(this.files.shift()!.first)));
    }
    return cut;
  }

  // Answers how many records it cut off, or undefined: the file is damaged.
  private loadFile(name: string, isLast: boolean): number | undefined {
    const path = join(this.directory, name);
    const bytes = readFileSync(path);
    const file = { first: firstOf(name), count: 0, bytes: MAGIC.length };
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
      const isTorn = MAGIC.subarray(0, bytes.length).equals(bytes) || bytes.every((b) => b === 0);
      if (!isLast || !isTorn) return undefined;
      this.files.push(file);
      return 0;
    }
    for (;;) {
      const record = recordAt(bytes, file.bytes);
      if (typeof record === "string") {
        if (record !== "end" && !(isLast && isTorn(bytes.subarray(file.bytes)))) return undefined;
        this.files.push(file);
        if (record === "end") return 0;
        truncateSync(path, file.bytes);
        return 1;
      }
      if (file.first + file.count >= this.acked) {
        this.liveRecords++;
        this.liveBytes += sizeInRequest(record.length);
      }
      file.count++;
      file.bytes += HEAD_BYTES + record.length;
    }
  }
}

// With its tag and its length in front.
function sizeInRequest(length: number): number {
  return length + 2 + (length < 1 << 7 ? 0 : length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : 3);
}

// Whether what follows the last good record is what a machine leaves that stops while it writes: a
// part of a record, one wrong record or nothing but zeros.
function isTorn(rest: Buffer): boolean {
  if (rest.length < 4 || rest.every((byte) => byte === 0)) return true;
  const length = rest.readUInt32LE(0);
  return isLength(length) && rest.length <= HEAD_BYTES + length;
}

function makeFolder(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

// What cannot be done with a directory is an error of the option.
function usable<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof EmptyChairError) throw error;
    throw fieldError("FIELD_INVALID", "spool", `cannot be used: ${(error as Error).message}`);
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  }
}
