// What became of each record, told to whoever asked for it.
import type { EmptyChairError } from "../errors.js";
import type { Feedback } from "../gen/api.js";
import { type Batch, feedbackAt } from "./batch.js";
import type { WriteResult } from "./options.js";

type Outcome = WriteResult<unknown>["outcome"];

class Result<Context> implements WriteResult<Context> {
  readonly outcome: Outcome;
  readonly error: EmptyChairError | undefined;
  readonly context: Context | undefined;
  readonly #batch: Batch;
  readonly #index: number;

  constructor(batch: Batch, index: number, outcome: Outcome, error: EmptyChairError | undefined) {
    this.outcome = outcome;
    this.error = error;
    this.context = batch.contexts?.[index] as Context | undefined;
    this.#batch = batch;
    this.#index = index;
  }

  get feedback(): Feedback {
    return feedbackAt(this.#batch, this.#index);
  }
}

export class Results<Context> {
  readonly counts = {
    added: 0,
    stored: 0,
    alreadyExisted: 0,
    rejected: 0,
    gaveUp: 0,
    dropped: 0,
    exceptions: 0,
  };
  private readonly onResult: ((result: WriteResult<Context>) => void) | undefined;

  constructor(onResult: ((result: WriteResult<Context>) => void) | undefined) {
    this.onResult = onResult;
  }

  /** Counts what became of a record, and tells it. */
  report(batch: Batch, index: number, outcome: Outcome, error: EmptyChairError | undefined): void {
    switch (outcome) {
      case "STORED":
        this.counts.stored++;
        break;
      case "ALREADY_EXISTED":
        this.counts.alreadyExisted++;
        break;
      case "REJECTED":
        this.counts.rejected++;
        break;
      default:
        this.counts.gaveUp++;
    }
    this.tell(batch, index, outcome, error);
  }

  /** Tells without counting. */
  tell(batch: Batch, index: number, outcome: Outcome, error: EmptyChairError | undefined): void {
    if (this.onResult === undefined) return;
    try {
      this.onResult(new Result<Context>(batch, index, outcome, error));
    } catch (thrown) {
      this.counts.exceptions++;
      process.emitWarning(
        `onResult of a FeedbackWriter threw: ${String(thrown)}`,
        "EmptyChairWarning",
      );
    }
  }
}
