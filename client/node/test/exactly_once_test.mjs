// Each record is stored once and has one result, whatever happens to server, connection and clock;
// with a spool also when the client is killed. EMPTYCHAIR_WRITER_RECORDS, EMPTYCHAIR_WRITER_KILLS
// and EMPTYCHAIR_CLIENT_KILLS make the tests longer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Client, FeedbackWriter } from "@emptychair/client";
import { startFakeServer } from "@emptychair/client/testing";
import { temporaryFolder } from "./folders.mjs";
import { Proxy, Server, within } from "./server.mjs";

const RECORDS = Number(process.env.EMPTYCHAIR_WRITER_RECORDS ?? 20_000);
const KILLS = Number(process.env.EMPTYCHAIR_WRITER_KILLS ?? 5);
const CLIENT_KILLS = Number(process.env.EMPTYCHAIR_CLIENT_KILLS ?? 5);

const QUEUE_BYTES = 1 << 20;
const MEMORY_BESIDE = 64 << 20;

// What is held; how long garbage stays is V8's affair. Node runs these tests with --expose-gc.
function memory() {
  globalThis.gc();
  return process.memoryUsage().rss;
}

test("while the server is killed, connections are cut and the clock is set back", async (t) => {
  const server = await Server.start(t);
  const direct = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
  await direct.createSurvey({ surveyId: "nps", kind: "NPS" });
  const proxy = await Proxy.start(t, server.endpoint);
  let setBack = 0;
  const client = new Client({
    endpoint: proxy.endpoint,
    environment: {},
    now: () => Date.now() - setBack,
  });
  t.after(() => [client, direct].forEach((one) => one.close()));

  const results = new Uint8Array(RECORDS);
  const outcomes = new Set();
  const ids = new Set();
  let answered = 0;
  const writer = new FeedbackWriter(client, {
    whenFull: "BLOCK",
    blockTimeout: 600_000,
    queueBytes: QUEUE_BYTES,
    batchRecords: 100,
    onResult: (result) => {
      results[result.context]++;
      answered++;
      outcomes.add(result.outcome);
      if (result.context % 100 === 0) ids.add(result.feedback.feedbackId);
    },
  });
  let isDone = false;
  const trouble = (async () => {
    for (let n = 1; n <= KILLS; n++) {
      await within(600_000, () => isDone || answered >= (RECORDS * n) / (KILLS + 1));
      await server.kill();
      await server.start();
      await within(600_000, () => isDone || answered >= (RECORDS * (n + 0.5)) / (KILLS + 1));
      proxy.cut();
      if (n === Math.ceil(KILLS / 2)) setBack = 3_600_000;
    }
  })();
  const base = memory();
  let most = base;
  for (let i = 0; i < RECORDS; i++) {
    assert.equal(
      await writer.add({ surveyId: "nps", score: i % 11, comment: "A comment of some length." }, i),
      true,
    );
    if (i % Math.ceil(RECORDS / 40) === 0) most = Math.max(most, memory());
  }
  await writer.flush(600_000);
  isDone = true;
  await trouble;
  await writer.close();

  const counters = writer.counters();
  assert.equal(answered, RECORDS);
  assert(
    results.every((count) => count === 1),
    "each record has one result",
  );
  assert.deepEqual([...outcomes], ["STORED"]);
  assert.equal(ids.size, Math.ceil(RECORDS / 100));
  assert.equal(counters.stored, RECORDS);
  assert.equal(counters.queuedBytes, 0);
  assert(counters.reconnects >= KILLS, `${counters.reconnects} reconnects`);
  assert(most - base <= QUEUE_BYTES + MEMORY_BESIDE, `${(most - base) >> 20} MiB more`);
  assert.equal((await direct.getStatus()).feedbackCount, RECORDS);
  t.diagnostic(`${counters.reconnects} reconnects, ${(most - base) >> 20} MiB more memory`);
});

test("while connections are cut, the server restarts and both clocks are set back", async (t) => {
  const server = await startFakeServer();
  t.after(() => server.close());
  let setBack = 0;
  let isServerSetBack = false;
  const client = new Client({
    endpoint: server.endpoint,
    environment: {},
    timeout: 60_000,
    now: () => Date.now() - setBack,
  });
  t.after(() => client.close());
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  // The server's clock stands, and records come to be ahead of it.
  const follow = () => server.setTime(new Date(Date.now() - (isServerSetBack ? setBack : 0)));

  const results = new Uint8Array(RECORDS);
  const outcomes = new Set();
  let answered = 0;
  const writer = new FeedbackWriter(client, {
    whenFull: "BLOCK",
    blockTimeout: 600_000,
    queueBytes: QUEUE_BYTES,
    batchRecords: 100,
    onResult: ({ context, outcome }) => {
      results[context]++;
      answered++;
      outcomes.add(outcome);
    },
  });
  let isDone = false;
  let dropped = 0;
  const trouble = (async () => {
    for (let n = 1; n <= KILLS; n++) {
      await within(600_000, () => isDone || answered >= (RECORDS * n) / (KILLS + 1));
      await follow();
      dropped += await server.dropConnections();
      await within(600_000, () => isDone || answered >= (RECORDS * (n + 0.5)) / (KILLS + 1));
      await server.restart();
    }
  })();
  for (let i = 0; i < RECORDS; i++) {
    const ids = i % 2 === 0 ? {} : { externalId: `e${i}` };
    assert.equal(await writer.add({ surveyId: "nps", score: i % 11, ...ids }, i), true);
    if (i === Math.floor(RECORDS / 2)) setBack = 3_600_000;
    if (i === Math.floor((RECORDS * 3) / 4)) {
      // What has a time of before is ahead of the server's clock by then.
      await writer.flush(600_000);
      isServerSetBack = true;
      await follow();
    }
  }
  await writer.flush(600_000);
  isDone = true;
  await trouble;
  await writer.close();
  assert(dropped > 0, "no connection was cut");
  assert.equal(answered, RECORDS);
  assert(
    results.every((count) => count === 1),
    "each record has one result",
  );
  assert.deepEqual([...outcomes], ["STORED"]);
  assert(writer.counters().reconnects > 0);
  assert.equal((await client.getStatus()).feedbackCount, RECORDS);
});

test("while the client is killed, with a spool", async (t) => {
  const server = await Server.start(t);
  const client = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
  t.after(() => client.close());
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  const folder = join(temporaryFolder(t), "spool");
  const program = new URL("spool_process.mjs", import.meta.url).pathname;
  let added = 0;
  for (let round = 0; round < CLIENT_KILLS; round++) {
    const child = spawn(process.execPath, [program, server.endpoint, folder, String(added)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    const wanted = added + 300 + 97 * round;
    for await (const line of createInterface(child.stdout)) {
      added = Number(line) + 1;
      // What stands in the pipe by then was added, too.
      if (added === wanted) child.kill("SIGKILL");
      if (added === wanted - 150 && round % 3 === 2) {
        await server.kill();
        await server.start();
      }
    }
    await closed;
  }
  const last = new FeedbackWriter(client, { spool: folder });
  await last.close(60_000);
  assert.equal(last.counters().rejected, 0);
  // At most the record that was being added when the last process died is more.
  const { feedbackCount } = await client.getStatus();
  assert(
    feedbackCount === added || feedbackCount === added + 1,
    `${feedbackCount}, ${added} were added`,
  );
  const scores = new Set();
  for await (const { externalId } of client.listFeedback("nps", { pageSize: 1000 }))
    scores.add(externalId);
  for (let i = 0; i < added; i++) assert(scores.has(`e${i}`), `record ${i} is not there`);
  assert.deepEqual(readdirSync(folder).sort(), ["acked", "lock"]);
});
