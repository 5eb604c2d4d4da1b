// The backend of a dashboard: the trend of a survey as JSON, and what changes as it happens.
//
//   node dashboard.mjs [--once]        --once: asks for the trend once and ends
import { createServer } from "node:http";
import { after, Client, NotFound } from "@emptychair/client";

const client = new Client();

async function trend(surveyId, signal) {
  const { buckets, total, unmatched } = await client.queryMetric(
    {
      surveyIds: [surveyId],
      granularity: "MONTH",
      interval: { startTime: new Date(Date.UTC(2024, 0, 1)) },
      filters: [{ key: "channel", values: ["web"], negate: true }],
    },
    { signal, timeout: 3000 },
  );
  // A value that is absent, as of a month without an answer, is left out, not 0.
  const points = total.points.map(({ value, low, high, answers }, i) => ({
    from: buckets[i].startTime,
    value,
    low,
    high,
    answers,
  }));
  return { points, unmatched };
}

// Calls `onChange` after each change, for ever, from where the last run stopped.
async function follow(position, onChange, signal) {
  const watch = client.watchFeedback(
    { surveyIds: ["checkout"], ...after(position) },
    { signal, timeout: 60_000 },
  );
  for await (const { changes } of watch) {
    for (const { kind, feedback } of changes) onChange(kind, feedback);
    position = watch.position;
  }
}

const server = createServer(async (request, response) => {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    const answer = await trend(
      new URL(request.url, "http://localhost").pathname.slice(1),
      gone.signal,
    );
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(error instanceof NotFound ? 404 : 503).end(String(error));
  }
});

const stopped = new AbortController();
let onFirst;
const hasChanged = new Promise((resolve) => (onFirst = resolve));
const following = follow("0", onFirst, stopped.signal).catch((error) => {
  if (error.code !== "CANCELLED") throw error;
});
server.listen(process.env.PORT ?? 0, "127.0.0.1", async () => {
  if (!process.argv.includes("--once")) return;
  const url = `http://127.0.0.1:${server.address().port}`;
  const { points } = await (await fetch(`${url}/checkout`)).json();
  const { status } = await fetch(`${url}/nowhere`);
  if (points.length === 0 || status !== 404) throw new Error(`${points.length} ${status}`);
  await hasChanged;
  stopped.abort();
  await following;
  server.close();
  client.close();
});
