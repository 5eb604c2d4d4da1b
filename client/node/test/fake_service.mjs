// FeedbackService in this process, which answers as a test says.
import { once } from "node:events";
import http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { FeedbackService } from "../dist/gen/emptychair/v1/feedback_service_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../dist/gen/google/rpc/error_details_pb.js";

/** Details as the server sends them. */
export function detailsOf({ reason, delay }) {
  const details = [];
  if (reason)
    details.push([ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: "emptychair" })]);
  if (delay) {
    const retryDelay = { seconds: 0n, nanos: delay * 1e6 };
    details.push([RetryInfoSchema, create(RetryInfoSchema, { retryDelay })]);
  }
  return details;
}

/** An error as the server sends it. */
export function refusal(code, { reason, delay } = {}) {
  const outgoing = detailsOf({ reason, delay }).map(([desc, value]) => ({ desc, value }));
  return new ConnectError("refused", code, { "x-request-id": "0123456789abcdef" }, outgoing);
}

/** What is wrong with one record of a batch. */
export function failure(index, code, { reason, delay } = {}) {
  const details = detailsOf({ reason, delay }).map(([schema, message]) => ({
    typeUrl: `type.googleapis.com/${schema.typeName}`,
    value: toBinary(schema, message),
  }));
  return { index, status: { code, message: "refused", details } };
}

/** Starts it; `answer(batch, headers)` answers a batch or throws. Answers the endpoint. */
export async function startFake(t, answer) {
  const routes = (router) =>
    router.service(FeedbackService, {
      async *streamFeedback(batches, context) {
        for await (const batch of batches) {
          const response = await answer(batch, context.requestHeader);
          yield {
            batchNumber: batch.batchNumber,
            acceptedCount: batch.feedback.length,
            ...response,
          };
        }
      },
    });
  const server = http2.createServer(connectNodeAdapter({ routes }));
  const sessions = new Set();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${server.address().port}`;
}

export { Code };
