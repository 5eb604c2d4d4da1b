// Answers that come page by page.
import { create, type Message } from "@bufbuild/protobuf";
import type { CallOptions, List } from "./calls.js";
import type { Connection } from "./net/connection.js";
import { answerOf } from "./message/decode.js";
import { ruleOf } from "./message/fields.js";
import type { MethodShape } from "./message/shapes.js";

interface PagedRequest {
  pageToken: string;
}

/** All pages of a list from the request's on. */
export function listOf(
  connection: Connection,
  { method, rows }: MethodShape,
  request: Message,
  options: CallOptions | undefined,
): List<object, object> {
  const rule = ruleOf(method.output);
  async function* pages(): AsyncGenerator<object, undefined, undefined> {
    for (let page = request; ;) {
      const answer = answerOf(rule, await connection.unary(method, page, options));
      yield answer;
      const { nextPageToken } = answer as { nextPageToken: string };
      if (nextPageToken === "") return undefined;
      page = create(method.input, { ...page, pageToken: nextPageToken } as Partial<PagedRequest>);
    }
  }
  async function* all(): AsyncGenerator<object, undefined, undefined> {
    for await (const page of pages()) {
      yield* (page as Record<string, object[]>)[rows!]!;
    }
    return undefined;
  }
  return {
    [Symbol.asyncIterator]: all,
    pages: () => ({ [Symbol.asyncIterator]: pages }),
  };
}
