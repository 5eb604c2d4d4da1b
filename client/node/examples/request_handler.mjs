// A request handler that takes feedback and waits for nothing: the writer sends it behind. What is
// got from it are the writer's counters, for Prometheus.
//
//   node request_handler.mjs [--once]        --once: handles one request of its own and ends
import { createServer } from "node:http";
import { Client, FeedbackWriter, InvalidArgument } from "@emptychair/client";

const client = new Client();
const writer = new FeedbackWriter(client, {
  // Feedback outlives a restart of this process and of the server.
  spool: process.env.SPOOL,
  onResult: ({ outcome, context, error }) => {
    if (outcome !== "STORED") console.warn(`request ${context}: ${outcome} ${error ?? ""}`);
  },
});

async function bodyOf(request) {
  let text = "";
  for await (const part of request) text += part;
  return JSON.parse(text);
}

// The counters as Prometheus reads them.
function metrics() {
  const { queuedRecords, queuedBytes, oldestAge, lastError, ...counts } = writer.counters();
  const gauges = {
    queuedRecords,
    queuedBytes,
    oldestAgeSeconds: oldestAge / 1000,
    failing: lastError ? 1 : 0,
  };
  const family = (kind, end) => ([key, value]) => {
    const name = `feedback_writer_${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}${end}`;
    return `# TYPE ${name} ${kind}\n${name} ${value}\n`;
  };
  return [
    ...Object.entries(counts).map(family("counter", "_total")),
    ...Object.entries(gauges).map(family("gauge", "")),
  ].join("");
}

let requests = 0;
const server = createServer(async (request, response) => {
  if (request.method === "GET") {
    response.end(metrics());
    return;
  }
  try {
    const { order, score, comment } = await bodyOf(request);
    const feedback = { surveyId: "checkout", externalId: order, score, comment };
    const isTaken = writer.add(feedback, ++requests);
    response.writeHead(isTaken ? 202 : 503).end();
  } catch (error) {
    const isTheirs = error instanceof InvalidArgument || error instanceof SyntaxError;
    response.writeHead(isTheirs ? 400 : 500).end(String(error));
  }
});

async function stop() {
  server.close();
  await writer.close();
  client.close();
}
process.once("SIGTERM", stop);

server.listen(process.env.PORT ?? 0, "127.0.0.1", async () => {
  if (!process.argv.includes("--once")) return;
  const url = `http://127.0.0.1:${server.address().port}/`;
  const send = (body) => fetch(url, { method: "POST", body: JSON.stringify(body) });
  const { status } = await send({ order: "order-7", score: 9, comment: "Quick." });
  const { status: refused } = await send({ order: "order-8", score: "9" });
  if (status !== 202 || refused !== 400) throw new Error(`${status} ${refused}`);
  await writer.flush();
  const shown = await (await fetch(`${url}metrics`)).text();
  const wanted = "# TYPE feedback_writer_stored_total counter\nfeedback_writer_stored_total 1\n";
  if (!shown.includes(wanted)) throw new Error(shown);
  await stop();
});
