// Answers that come as a stream of messages.
import type { DescMethod, DescMethodStreaming, Message } from "@bufbuild/protobuf";
import type { CallKey } from "./api_key.js";
import type { CallOptions, Stream } from "../calls.js";
import type { Connection } from "./connection.js";
import { cancelled } from "./error_details.js";
import type { EmptyChairError } from "../errors.js";

/** A controller that is aborted with `signal`, and what ends their connection. */
export function follow(signal: AbortSignal | undefined): {
  controller: AbortController;
  release: () => void;
} {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { controller, release: () => signal?.removeEventListener("abort", abort) };
}

async function* one(message: Message): AsyncGenerator<never> {
  yield message as never;
}

/**
 * The messages of one call, and the error that ends it. Leaving the loop ends the call. `key` is
 * the one that it sends.
 */
export async function* messagesOf(
  connection: Connection,
  method: DescMethod,
  request: Message,
  key: CallKey,
  signal: AbortSignal | undefined,
  timeout?: number,
): AsyncGenerator<Message, undefined, undefined> {
  const { controller, release } = follow(signal);
  connection.hold();
  const { endpoint } = connection;
  try {
    const { message } = await connection.stream(
      method as DescMethodStreaming,
      one(request),
      key,
      controller.signal,
      timeout,
    );
    yield* message as AsyncIterable<Message>;
  } catch (thrown) {
    throw connection.failed(thrown, 1, signal, endpoint);
  } finally {
    release();
    connection.letGo();
    controller.abort();
  }
}

/**
 * The same for a method that is not a watch: a stream that breaks is not opened again, because only
 * the caller knows what it has; one that is refused for its key at once, and for which there is
 * another by then, is.
 */
export async function* answersOf<T>(
  connection: Connection,
  method: DescMethod,
  request: Message,
  answer: (message: Message) => T,
  { signal, timeout }: CallOptions,
): AsyncGenerator<T, undefined, undefined> {
  if (signal?.aborted) throw cancelled(0, signal);
  const key = connection.callKey();
  for (let hasBegun = false; ;) {
    try {
      for await (const message of messagesOf(connection, method, request, key, signal, timeout)) {
        hasBegun = true;
        yield answer(message);
      }
      return undefined;
    } catch (thrown) {
      const error = thrown as EmptyChairError;
      if (hasBegun || error.code !== "UNAUTHENTICATED" || !(await key.renew())) throw error;
    }
  }
}

/** A stream each of whose loops makes the call anew. */
export function streamOf<T>(open: () => AsyncGenerator<T, undefined, undefined>): Stream<T> {
  return { [Symbol.asyncIterator]: open };
}
