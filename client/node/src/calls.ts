// What calls have in common for who makes them.

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, or leaves the loop over its answers, with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's: milliseconds, see `ClientOptions.timeout`. */
  readonly timeout?: number | undefined;
}

/**
 * Answers as they come. For one loop; leaving it early ends the call. An error is thrown by the
 * loop.
 */
export interface Stream<T> extends AsyncIterable<T> {
  [Symbol.asyncIterator](): AsyncIterator<T, undefined, undefined>;
}

/** The rows of all pages; asks for the next page when it is reached. Each loop begins anew. */
export interface List<Row, Page> extends Stream<Row> {
  /** The same page by page, with what else an answer says. */
  pages(): Stream<Page>;
}

/**
 * Batches to send, for example of an async generator. One is asked for when there is room for it.
 */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch>;
