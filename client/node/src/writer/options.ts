// Options of a FeedbackWriter.
import { fieldError } from "../errors.js";
import type { EmptyChairError } from "../errors.js";
import type { Feedback } from "../gen/api.js";
import type { SpoolSync } from "./spool.js";
import { describe } from "../message/times.js";

/** What became of a record. */
export interface WriteResult<Context> {
  /**
   * `STORED`: durably, also by an earlier attempt of this writer. `ALREADY_EXISTED`: it was there
   * before. `REJECTED`: the server does not take it; `error` says why. `GAVE_UP`: it was not
   * answered in time, or dropped; `error` is the last one, and the record may be stored all the
   * same.
   */
  readonly outcome: "STORED" | "ALREADY_EXISTED" | "REJECTED" | "GAVE_UP";
  /** What was given to `add`; undefined for a record that was read back from the spool. */
  readonly context: Context | undefined;
  readonly error: EmptyChairError | undefined;
  /** The record as it was sent, with its id; read back when it is asked for. */
  readonly feedback: Feedback;
}

/** `REFUSE`: `add` answers false. `BLOCK`: it waits. `DROP_OLDEST`: another record goes. */
export type WhenFull = "REFUSE" | "BLOCK" | "DROP_OLDEST";

export interface FeedbackWriterOptions<Context = unknown, Full extends WhenFull = WhenFull> {
  /** A batch is sent once it has so many records: 1 to 10,000. Default: 1,000. */
  readonly batchRecords?: number | undefined;
  /** … or so many bytes, encoded: 1 to 4 MiB. Default: 1 MiB. */
  readonly batchBytes?: number | undefined;
  /** … or its first record is so many milliseconds old. Default: 10. */
  readonly linger?: number | undefined;
  /** Bytes of all that is not answered, encoded. Default: 64 MiB. */
  readonly queueBytes?: number | undefined;
  /** What `add` does when there is no room. Default: `REFUSE`. */
  readonly whenFull?: Full | undefined;
  /** With `BLOCK`: after so many milliseconds `add` answers false. Default: 10,000. */
  readonly blockTimeout?: number | undefined;
  /** Batches that are sent and not acknowledged: 1 to 8. Default: 8. */
  readonly inFlightBatches?: number | undefined;
  /**
   * Milliseconds after which a record that is not answered is given up, at most 30 days; 0: never.
   * Default: 15 min.
   */
  readonly giveUpAfter?: number | undefined;
  /**
   * Called for each record, in a later turn than its `add`, in the order of the batches. What it
   * throws is a warning of the process and counted, and changes nothing else.
   */
  readonly onResult?: ((result: WriteResult<Context>) => void) | undefined;
  /**
   * A directory in which records are kept until they are answered, also when the process ends or is
   * killed: the next writer on it sends them. For one process at a time.
   */
  readonly spool?: string | undefined;
  /**
   * Bytes of what is not answered in there. Default: 1 GiB. Memory is bounded by `queueBytes`
   * still.
   */
  readonly spoolBytes?: number | undefined;
  /**
   * Of the spool. `INTERVAL`: a power cut loses a second at most. `ALWAYS`: nothing, and `add`
   * waits for the disk.
   */
  readonly sync?: SpoolSync | undefined;
}

type Optional = "onResult" | "spool";

export type WriterSettings<Context> = {
  readonly [K in Exclude<keyof FeedbackWriterOptions, Optional>]-?: NonNullable<
    FeedbackWriterOptions[K]
  >;
} & Pick<FeedbackWriterOptions<Context>, Optional>;

const MIB = 1024 * 1024;

const DEFAULTS = {
  batchRecords: 1000,
  batchBytes: MIB,
  linger: 10,
  queueBytes: 64 * MIB,
  whenFull: "REFUSE",
  blockTimeout: 10_000,
  inFlightBatches: 8,
  giveUpAfter: 15 * 60 * 1000,
  spoolBytes: 1024 * MIB,
  sync: "INTERVAL",
} as const;

// Lowest and highest.
const RANGES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["batchRecords", [1, 10_000]],
  ["batchBytes", [1, 4 * MIB]],
  ["linger", [0, 3_600_000]],
  ["queueBytes", [1, 2 ** 50]],
  ["blockTimeout", [0, 86_400_000]],
  ["inFlightBatches", [1, 8]],
  ["giveUpAfter", [0, 30 * 86_400_000]],
  ["spoolBytes", [1, 2 ** 50]],
]);

const CHOICES: ReadonlyMap<string, readonly string[]> = new Map([
  ["whenFull", ["REFUSE", "BLOCK", "DROP_OLDEST"]],
  ["sync", ["INTERVAL", "ALWAYS"]],
]);

const TYPES: ReadonlyMap<string, string> = new Map([
  ["onResult", "function"],
  ["spool", "string"],
]);

/** Fills in the options and checks them. Error: FIELD_INVALID with the option's name. */
export function writerSettings<Context>(
  options: FeedbackWriterOptions<Context>,
): WriterSettings<Context> {
  const settings: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const fault = faultOf(name, value);
    if (fault !== undefined) throw fieldError("FIELD_INVALID", name, fault);
    settings[name] = value;
  }
  return settings as unknown as WriterSettings<Context>;
}

function faultOf(name: string, value: unknown): string | undefined {
  const range = RANGES.get(name);
  if (range !== undefined) {
    const [low, high] = range;
    const isGood = Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
    return isGood ? undefined : `is ${describe(value)}; wanted an integer from ${low} to ${high}`;
  }
  const choices = CHOICES.get(name);
  if (choices !== undefined) {
    const isGood = choices.includes(value as string);
    return isGood ? undefined : `is ${describe(value)}; wanted ${choices.join(", ")}`;
  }
  const type = TYPES.get(name);
  if (type === undefined) {
    const known = [...RANGES.keys(), ...CHOICES.keys(), ...TYPES.keys()];
    return `is no option of a writer; there are ${known.join(", ")}`;
  }
  return typeof value === type ? undefined : `is ${describe(value)}; wanted a ${type}`;
}
