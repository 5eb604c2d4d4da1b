// The writer: what becomes of records, what it does when it is full, refused or closed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Client, FeedbackWriter, InvalidArgument } from "@emptychair/client";
import { Code, failure, refusal, startFake } from "./fake_service.mjs";
import { temporaryFolder } from "./folders.mjs";
import { Server, within } from "./server.mjs";

const NOWHERE = "127.0.0.1:1";

function clientOf(t, endpoint, options = {}) {
  const client = new Client({ endpoint, environment: {}, timeout: 60_000, ...options });
  t.after(() => client.close());
  return client;
}

// A writer whose results are kept.
function writerOf(client, options = {}) {
  const results = [];
  const writer = new FeedbackWriter(client, {
    onResult: (result) => results.push(result),
    ...options,
  });
  return { writer, results };
}

function sumIsWhole(counters) {
  const { added, stored, alreadyExisted, rejected, gaveUp, queuedRecords } = counters;
  assert.equal(stored + alreadyExisted + rejected + gaveUp + queuedRecords, added);
}

const record = (i) => ({ surveyId: "nps", externalId: `e${i}`, score: i % 11 });

describe("against the real server", () => {
  test("each record has one result, with its context, in order", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    await client.submitFeedback(record(3));
    const { writer, results } = writerOf(client, { batchRecords: 10 });
    for (let i = 0; i < 100; i++) {
      const feedback =
        i === 50
          ? { ...record(i), score: 11 }
          : i === 70
            ? { ...record(i), surveyId: "no" }
            : record(i);
      assert.equal(writer.add(feedback, i), true);
      assert.equal(results.length, 0);
    }
    await writer.flush();
    assert.deepEqual(
      results.map(({ context }) => context),
      Array.from({ length: 100 }, (_, i) => i),
    );
    const others = results.filter(({ outcome }) => outcome !== "STORED");
    assert.deepEqual(
      others.map(({ context, outcome, error }) => [context, outcome, error?.reason]),
      [
        [3, "ALREADY_EXISTED", undefined],
        [50, "REJECTED", "SCORE_OUT_OF_RANGE"],
        [70, "REJECTED", "SURVEY_NOT_FOUND"],
      ],
    );
    assert.equal(results[50].feedback.externalId, "e50");
    const counters = writer.counters();
    assert.equal(counters.batches, 10);
    assert.equal(counters.queuedBytes, 0);
    assert.equal(counters.oldestAge, 0);
    sumIsWhole(counters);
    await writer.close(60_000);
    assert.equal((await client.getStatus()).feedbackCount, 98);
  });

  test("a record that the caller has given no id gets one, and its time", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    const { writer, results } = writerOf(client);
    const before = Date.now();
    writer.add({ surveyId: "nps", score: 9 });
    await writer.close(60_000);
    const { feedbackId, occurTime } = results[0].feedback;
    assert(occurTime.getTime() >= before && occurTime.getTime() <= Date.now());
    const { feedback } = await client.getFeedback("nps", { feedbackId });
    assert.deepEqual(feedback.occurTime, occurTime);
  });

  test("batches are ended by records, by bytes and by age", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    for (const [options, count, batches] of [
      [{ batchRecords: 7, linger: 60_000 }, 21, 3],
      [{ batchBytes: 1024, linger: 60_000 }, 3, 1],
      [{ linger: 1 }, 3, 1],
    ]) {
      const writer = new FeedbackWriter(client, options);
      for (let i = 0; i < count; i++) {
        writer.add({ surveyId: "nps", score: 1, comment: "c".repeat(400) });
      }
      await within(60_000, () => writer.counters().batches === batches);
      // The third record of two KiB is past the bytes, and waits.
      const left = options.batchBytes ? 1 : 0;
      await within(60_000, () => writer.counters().queuedRecords === left);
      await writer.close(60_000);
    }
  });

  test("a wrong record is an error at once, and nothing of it is sent", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    const writer = new FeedbackWriter(client, { linger: 60_000 });
    writer.add(record(1));
    for (const wrong of [{ score: "9" }, { scoer: 9 }, { surveyId: "" }, { labels: { a: null } }]) {
      assert.throws(() => writer.add({ ...record(2), ...wrong }), InvalidArgument);
    }
    writer.add(record(3));
    assert.equal(writer.counters().added, 2);
    await writer.close(60_000);
    assert.throws(() => writer.add(record(4)), { code: "FAILED_PRECONDITION" });
    await writer.close(60_000);
    assert.equal((await client.getStatus()).feedbackCount, 2);
  });

  test("what a callback throws is counted and changes nothing", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    const warned = once(process, "warning");
    const writer = new FeedbackWriter(client, {
      onResult: () => {
        throw new Error("of the callback");
      },
    });
    writer.add(record(1));
    writer.add(record(2));
    await writer.close(60_000);
    assert.equal(writer.counters().exceptions, 2);
    assert.equal(writer.counters().stored, 2);
    assert.match((await warned)[0].message, /of the callback/);
  });
});

describe("while nothing takes the records", () => {
  const big = { surveyId: "nps", score: 1, comment: "c".repeat(1000) };
  const small = { queueBytes: 64 * 1024, batchRecords: 10 };

  async function fill(writer) {
    let count = 0;
    while (writer.add({ ...big, externalId: `e${count}` }, count)) count++;
    return count;
  }

  test("REFUSE says that there is no room", async (t) => {
    const { writer, results } = writerOf(clientOf(t, NOWHERE), small);
    const count = await fill(writer);
    assert(count > 50 && count <= 64, `${count}`);
    const counters = writer.counters();
    assert.equal(counters.queuedRecords, count);
    assert(counters.queuedBytes <= 64 * 1024);
    assert.equal(counters.added, count);
    await assert.rejects(writer.flush(1), (error) => {
      assert.equal(error.code, "DEADLINE_EXCEEDED");
      assert.equal(error.metadata.left, String(count));
      return true;
    });
    await assert.rejects(writer.close(1), { code: "DEADLINE_EXCEEDED" });
    await assert.rejects(writer.close(60_000), { code: "DEADLINE_EXCEEDED" });
    assert.equal(results.length, count);
    assert(results.every(({ outcome }) => outcome === "GAVE_UP"));
    assert.equal(writer.counters().lastError.code, "UNAVAILABLE");
    sumIsWhole(writer.counters());
  });

  test("DROP_OLDEST drops the oldest that is not under way, and reports it", async (t) => {
    const { writer, results } = writerOf(clientOf(t, NOWHERE), {
      ...small,
      whenFull: "DROP_OLDEST",
      inFlightBatches: 1,
      linger: 60_000,
    });
    for (let i = 0; i < 200; i++) {
      assert.equal(writer.add({ ...big, externalId: `e${i}` }, i), true);
      assert.equal(results.length, 0, "no callback runs in add");
    }
    await within(60_000, () => results.length > 100);
    const counters = writer.counters();
    assert.equal(counters.dropped, results.length);
    assert.equal(counters.gaveUp, counters.dropped);
    // The first batch is under way.
    assert.deepEqual(
      results.map(({ context }) => context),
      results.map((_, i) => i + 10),
    );
    assert(
      results.every(
        ({ outcome, error }) => outcome === "GAVE_UP" && error.code === "RESOURCE_EXHAUSTED",
      ),
    );
    sumIsWhole(counters);
    await writer.close(1).catch(() => {});
    sumIsWhole(writer.counters());
  });

  test("BLOCK waits for room, at most so long", async (t) => {
    const server = await Server.start(t);
    const setUp = clientOf(t, server.endpoint);
    await setUp.createSurvey({ surveyId: "nps", kind: "NPS" });
    await server.kill();
    const { writer, results } = writerOf(clientOf(t, server.endpoint), {
      ...small,
      whenFull: "BLOCK",
      blockTimeout: 60_000,
    });
    const answers = Array.from({ length: 150 }, (_, i) =>
      writer.add({ ...big, externalId: `e${i}` }, i),
    );
    await assert.rejects(writer.add({ ...big, score: "1" }), InvalidArgument);
    await within(60_000, () => writer.counters().added > 50);
    await new Promise(setImmediate);
    assert(writer.counters().added < 70);
    await server.start();
    assert((await Promise.all(answers)).every((isAdded) => isAdded));
    await writer.close(60_000);
    assert.deepEqual(
      results.map(({ context }) => context),
      Array.from({ length: 150 }, (_, i) => i),
    );
    assert.equal((await setUp.getStatus()).feedbackCount, 150);

    const late = new FeedbackWriter(clientOf(t, NOWHERE), {
      ...small,
      whenFull: "BLOCK",
      blockTimeout: 20,
    });
    const all = Promise.all(Array.from({ length: 80 }, () => late.add(big)));
    assert((await all).includes(false));
    await late.close(1).catch(() => {});
  });

  test("records are given up after their time, each with its result", async (t) => {
    const { writer, results } = writerOf(clientOf(t, NOWHERE), {
      giveUpAfter: 50,
      batchRecords: 2,
      inFlightBatches: 2,
    });
    for (let i = 0; i < 10; i++) writer.add(record(i), i);
    await within(60_000, () => results.length === 10);
    assert(
      results.every(({ outcome, error }) => outcome === "GAVE_UP" && error.code === "UNAVAILABLE"),
    );
    sumIsWhole(writer.counters());
    await writer.close(60_000);
  });
});

describe("a server that refuses", () => {
  test("a batch as a whole: it is halved until the guilty record is alone", async (t) => {
    const seen = [];
    const endpoint = await startFake(t, (batch) => {
      const scores = batch.feedback.map(({ score }) => score);
      if (scores.includes(7)) throw refusal(Code.InvalidArgument, { reason: "BATCH_TOO_LARGE" });
      if (batch.feedback.length > 20) throw refusal(Code.ResourceExhausted);
      seen.push(...batch.feedback.map(({ externalId }) => externalId));
    });
    const { writer, results } = writerOf(clientOf(t, endpoint), {
      batchRecords: 50,
      inFlightBatches: 3,
    });
    for (let i = 0; i < 100; i++) writer.add({ ...record(i), score: i === 42 ? 7 : 5 }, i);
    await writer.close(60_000);
    assert.deepEqual(
      results.map(({ context }) => context),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.deepEqual(
      results.filter(({ outcome }) => outcome !== "STORED").map(({ context }) => context),
      [42],
    );
    assert.equal(results[42].error.reason, "BATCH_TOO_LARGE");
    assert.equal(seen.length, 99);
    assert.equal(new Set(seen).size, 99);
  });

  test("a record for now: it is sent again, and others are not", async (t) => {
    let round = 0;
    const seen = [];
    const endpoint = await startFake(t, ({ feedback }) => {
      seen.push(feedback.map(({ externalId }) => externalId));
      if (round++ > 0) return {};
      return { failures: [failure(1, Code.Unavailable, { reason: "SURVEY_CHANGED", delay: 10 })] };
    });
    const { writer, results } = writerOf(clientOf(t, endpoint));
    for (let i = 0; i < 3; i++) writer.add(record(i), i);
    await writer.close(60_000);
    assert.deepEqual(seen, [["e0", "e1", "e2"], ["e1"]]);
    assert.deepEqual(
      results.map(({ context }) => context),
      [0, 2, 1],
    );
    assert(results.every(({ outcome }) => outcome === "STORED"));
  });

  test("for now: the same batches come again, in order, after its wait", async (t) => {
    const seen = [];
    const waits = [];
    const endpoint = await startFake(t, ({ feedback }) => {
      seen.push(feedback[0].externalId);
      if (seen.length === 2)
        throw refusal(Code.ResourceExhausted, { reason: "QUEUE_FULL", delay: 50 });
      return { alreadyExistedIndexes: seen.length > 2 ? [0] : [] };
    });
    const client = clientOf(t, endpoint, {
      jitter: () => 1,
      sleep: async (ms) => {
        waits.push(ms);
      },
    });
    const { writer, results } = writerOf(client, { batchRecords: 1, inFlightBatches: 3 });
    for (let i = 0; i < 5; i++) writer.add(record(i), i);
    await writer.close(60_000);
    assert.deepEqual(seen, ["e0", "e1", "e1", "e2", "e3", "e4"]);
    assert.deepEqual(waits, [150]);
    assert.deepEqual(
      results.map(({ context }) => context),
      [0, 1, 2, 3, 4],
    );
    // Of what was sent twice the writer cannot tell whose it is: of the third it was already under
    // way.
    assert.deepEqual(results.map(({ outcome }) => outcome).slice(0, 2), ["STORED", "STORED"]);
    assert.equal(results[4].outcome, "ALREADY_EXISTED");
    assert.equal(writer.counters().reconnects, 1);
  });

  test("the caller: records are kept and tried every 30 s, and a new key is read", async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "key");
    writeFileSync(path, "eck_old\n");
    const waits = [];
    const keys = [];
    const endpoint = await startFake(t, (_, headers) => {
      keys.push(headers.get("authorization"));
      if (keys.at(-1) === "Bearer eck_old")
        throw refusal(Code.Unauthenticated, { reason: "KEY_REVOKED" });
      if (keys.length === 2) throw refusal(Code.PermissionDenied, { reason: "NOT_PERMITTED" });
      if (keys.length === 3) throw refusal(Code.ResourceExhausted, { reason: "QUOTA_EXCEEDED" });
    });
    const client = clientOf(t, endpoint, {
      apiKeyFile: path,
      sleep: async (ms) => {
        waits.push(ms);
        writeFileSync(path, "eck_new\n");
      },
    });
    const { writer, results } = writerOf(client);
    writer.add(record(1));
    await writer.close(60_000);
    assert.deepEqual(
      keys.map((key) => key.slice(-3)),
      ["old", "new", "new", "new"],
    );
    assert.deepEqual(waits, [30_000, 30_000, 30_000]);
    assert.equal(results[0].outcome, "STORED");
  });

  test("and acknowledges in the wrong order: the call is made anew", async (t) => {
    let count = 0;
    const endpoint = await startFake(t, ({ batchNumber }) =>
      count++ === 0 ? { batchNumber: batchNumber + 1n } : {},
    );
    const errors = [];
    const client = clientOf(t, endpoint, {
      sleep: async () => {
        errors.push(writer.counters().lastError?.code);
      },
    });
    const { writer, results } = writerOf(client, { batchRecords: 1 });
    writer.add(record(1), 1);
    writer.add(record(2), 2);
    await writer.close(60_000);
    assert.deepEqual(
      results.map(({ context }) => context),
      [1, 2],
    );
    assert.deepEqual(errors, ["INTERNAL"]);
    assert.equal(writer.counters().lastError, undefined);
  });
});

describe("the end of a process", () => {
  async function run(code, endpoint) {
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { Client, FeedbackWriter } from "@emptychair/client";
         const client = new Client({ endpoint: "${endpoint}", environment: {} });
         const writer = new FeedbackWriter(client);
         ${code}`,
      ],
      {
        cwd: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let output = "";
    child.stderr.on("data", (data) => (output += data));
    child.stdout.on("data", (data) => (output += data));
    const [status] = await once(child, "close");
    return { status, output };
  }

  test("is not held up by a writer that has nothing to do, and is by one that has", async (t) => {
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    assert.deepEqual(await run("", server.endpoint), { status: 0, output: "" });
    const add = `writer.add({ surveyId: "nps", score: 9 });`;
    assert.deepEqual(await run(add, server.endpoint), { status: 0, output: "" });
    assert.equal((await client.getStatus()).feedbackCount, 1);
    // A call while the writer's stream is open and idle is waited for.
    const count = "console.log((await client.getStatus()).feedbackCount);";
    const call = `${add} await writer.flush(); ${count}`;
    assert.deepEqual(await run(call, server.endpoint), { status: 0, output: "2\n" });
  });

  test("says how many records it loses", async () => {
    const { status, output } = await run(
      `for (let i = 0; i < 3; i++) writer.add({ surveyId: "nps" }); process.exit(5);`,
      NOWHERE,
    );
    assert.equal(status, 5);
    assert.match(output, /ended with 3 records that were not sent/);
  });
});
