// The client against the real server: input, answers, errors, lists, retries, cancellation.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import {
  Client,
  EmptyChairError,
  InvalidArgument,
  NotFound,
  Unavailable,
} from "@emptychair/client";
import { methodShapes } from "../dist/gen/methods.js";
import { Proxy, Server, within } from "./server.mjs";

const collect = async (stream) => {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
};

describe("a client", () => {
  let server;
  let client;
  const cleanups = [];

  before(async () => {
    server = await Server.start({ after: (cleanup) => cleanups.push(cleanup) });
    client = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
    await client.createSurvey({ surveyId: "nps", kind: "NPS", dimensions: ["channel"] });
  });
  after(async () => {
    client.close();
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  test("has a method for every method of the API, which the server answers", async () => {
    for (const { method, shape } of methodShapes) {
      const call = client[method.localName];
      assert.equal(typeof call, "function", method.name);
      if (method.name === "WatchFeedback") continue;
      const input =
        shape === "batches"
          ? [{ importId: "" }]
          : method.name === "SubmitFeedback"
            ? { surveyId: "none", score: 1 }
            : method.name === "BatchSubmitFeedback"
              ? { feedback: [] }
              : {};
      try {
        const answer = await call.call(client, input);
        if (shape !== "unary") await collect(answer);
      } catch (error) {
        assert(error instanceof EmptyChairError, `${method.name}: ${error.stack}`);
        assert.match(error.requestId ?? "", /^[0-9a-f]{16}$/, `${method.name}: ${error}`);
        assert.notEqual(error.code, "UNIMPLEMENTED");
        assert.equal(error.attempts, 1);
      }
    }
  });

  test("refuses input that protobuf-es lets through, and the store stays as it was", async () => {
    const { sequence, sinceStart } = await client.getStatus();
    const good = { surveyId: "nps", externalId: "a" };
    const wrong = [
      ["feedback.score", { ...good, score: "9" }],
      ["feedback.score", { ...good, score: 9.5 }],
      ["feedback.score", { ...good, score: Number.NaN }],
      ["feedback.score", { ...good, score: null }],
      ["feedback.scoer", { ...good, scoer: 9 }],
      ["feedback.labels[\"channel\"]", { ...good, labels: { channel: 3 } }],
      ["feedback.labels[\"channel\"]", { ...good, labels: { channel: undefined } }],
      ["feedback.labels[\"channel\"]", { ...good, labels: { channel: null } }],
      ["feedback.labels", { ...good, labels: new Map([["channel", "web"]]) }],
      ["feedback.occurTime", { ...good, occurTime: new Date(Number.NaN) }],
      ["feedback.occurTime", { ...good, occurTime: new Date(0) }],
      ["feedback.occurTime", { ...good, occurTime: "1970-01-01T00:00:00Z" }],
      ["feedback.occurTime", { ...good, occurTime: { seconds: 5n, nanos: 0 } }],
      ["feedback.occurTime", { ...good, occurTime: "2024-02-30T00:00:00Z" }],
      ["feedback.comment", { ...good, comment: "a\ud800" }],
      ["feedback.sequence", { ...good, sequence: 5 }],
      ["feedback.exclusion.reason", { ...good, exclusion: { reason: 99 } }],
      ["feedback.exclusion.reason", { ...good, exclusion: { reason: "STAF" } }],
      ["feedback", "text"],
      ["feedback", [good]],
    ];
    for (const [field, feedback] of wrong) {
      for (const [path, call] of [
        [field, () => client.submitFeedback({ feedback })],
        [
          field.replace("feedback", "feedback[1]"),
          () => client.batchSubmitFeedback({ feedback: [good, feedback] }),
        ],
      ]) {
        await assert.rejects(call, (error) => {
          assert(error instanceof InvalidArgument, error.stack);
          assert.equal(error.fieldViolations[0].field, path);
          assert.equal(error.attempts, 0);
          return true;
        });
      }
    }
    const others = [
      [
        "granularity",
        () => client.queryMetric({ surveyIds: ["nps"], granularity: "DAYS" }),
        /DAY, WEEK/,
      ],
      [
        "granularity",
        () => client.queryMetric({ surveyIds: ["nps"], granularity: 3 }),
        /wanted one of/,
      ],
      ["surveyIds", () => client.queryMetric({ surveyIds: "nps" }), /wanted an array/],
      ["surveyIds[1]", () => client.queryMetric({ surveyIds: ["nps", 5] }), /wanted text/],
      [
        "confidence",
        () => client.queryMetric({ surveyIds: ["nps"], confidence: "0.9" }),
        /finite number/,
      ],
      [
        "includeExcluded",
        () => client.queryMetric({ surveyIds: ["nps"], includeExcluded: 1 }),
        /true or false/,
      ],
      [
        "population",
        () => client.queryMetric({ surveyIds: ["nps"], population: 2 ** 53 }),
        /2\^53/,
      ],
      [
        "interval.startTime",
        () => client.queryMetric({ interval: { startTime: "2024" } }),
        /RFC 3339/,
      ],
      ["survey_id", () => client.getSurvey({ survey_id: "nps" }), /nearest is surveyId/],
      [
        "externalId",
        () => client.getFeedback("nps", { feedbackId: "a", externalId: "b" }),
        /beside feedbackId/,
      ],
      ["afterSequence", async () => client.watchFeedback({ afterSequence: 5 }), /bigint/],
      ["timeout", () => client.getStatus({}, { timeout: -1 }), /more than 0/],
      ["timout", () => client.getStatus({}, { timout: 1 }), /signal and timeout/],
      ["GetStatusRequest", () => client.getStatus("now"), /wanted an object/],
    ];
    for (const [field, call, message] of others) {
      await assert.rejects(call, (error) => {
        assert(error instanceof InvalidArgument, error.stack);
        assert.equal(error.fieldViolations[0].field, field);
        assert.match(error.message, message);
        return true;
      });
    }
    const now = await client.getStatus();
    assert.equal(now.sequence, sequence);
    assert.deepEqual(now.sinceStart, sinceStart);
  });

  test("answers with what JavaScript has for absent, times, enums and numbers", async () => {
    const { survey } = await client.createSurvey({ surveyId: "empty", kind: "SURVEY_KIND_NPS" });
    assert.equal(survey.kind, "NPS");
    assert.equal(survey.archiveTime, undefined);
    assert(survey.createTime instanceof Date);
    const metric = await client.queryMetric({ surveyIds: ["empty"] });
    const [point] = metric.total.points;
    assert.equal(point.value, undefined);
    assert.equal(point.answers, 0);
    assert.equal(typeof metric.sequence, "bigint");
    const json = JSON.parse(JSON.stringify(metric));
    assert.equal(json.sequence, String(metric.sequence));
    assert(!("value" in json.total.points[0]));

    const occurTime = new Date("2024-01-31T11:20:00.123Z");
    const { feedback, alreadyExisted } = await client.submitFeedback({
      feedback: {
        surveyId: "empty",
        occurTime,
        labels: { channel: "web" },
        exclusion: { reason: "STAFF" },
      },
      wantRecord: true,
    });
    assert.equal(alreadyExisted, false);
    assert.deepEqual(feedback.occurTime, occurTime);
    assert.equal(feedback.score, undefined);
    assert.equal(feedback.exclusion.reason, "STAFF");
    assert.deepEqual(feedback.labels, { channel: "web" });
    assert.equal(feedback.feedbackId.slice(0, 13), "018d5f3f-4b7b");
    const { feedback: read } = await client.getFeedback("empty", {
      feedbackId: feedback.feedbackId,
    });
    assert.deepEqual(read, feedback);
    // An answer is good as input.
    const { alreadyExisted: again } = await client.submitFeedback(read);
    assert.equal(again, true);
    const { failures } = await client.batchSubmitFeedback({
      feedback: [{ surveyId: "nowhere", score: 1 }],
    });
    assert(failures[0].status instanceof NotFound);
    assert.equal(failures[0].status.reason, "SURVEY_NOT_FOUND");
  });

  test("changes what the mask names, in either case", async () => {
    for (const path of ["displayName", "display_name"]) {
      const { survey } = await client.updateSurvey({
        survey: { surveyId: "empty", displayName: path, minSample: 9 },
        updateMask: [path],
      });
      assert.equal(survey.displayName, path);
      assert.equal(survey.minSample, 0);
    }
  });

  test("goes through all pages of a list, and gives the pages", async () => {
    await client.createSurvey({ surveyId: "pages", kind: "NPS" });
    const feedback = Array.from({ length: 25 }, (_, i) => ({
      surveyId: "pages",
      externalId: `e${i}`,
      score: i % 11,
    }));
    await client.batchSubmitFeedback({ feedback });
    const list = client.listFeedback("pages", { pageSize: 10 });
    for (let round = 0; round < 2; round++) {
      const ids = (await collect(list)).map(({ externalId }) => externalId);
      assert.deepEqual(ids.toSorted(), feedback.map(({ externalId }) => externalId).toSorted());
    }
    const pages = await collect(list.pages());
    assert.deepEqual(
      pages.map((page) => page.feedback.length),
      [10, 10, 5],
    );
    assert.equal(pages[0].storeId, (await client.getStatus()).storeId);
    await assert.rejects(collect(client.listFeedback("nowhere")), NotFound);
  });

  test("sends each batch of an upload and answers in order", async () => {
    await client.createSurvey({ surveyId: "upload", kind: "NPS" });
    async function* batches() {
      for (let n = 0; n < 30; n++) {
        yield {
          feedback: Array.from({ length: 50 }, () => ({ surveyId: "upload", score: n % 11 })),
        };
      }
    }
    const answers = await collect(client.streamFeedback(batches()));
    assert.deepEqual(
      answers.map(({ batchNumber }) => batchNumber),
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    const metric = await client.queryMetric({ surveyIds: ["upload"] });
    assert.equal(metric.total.points[0].answers, 1500);

    const bad = [
      { feedback: [{ surveyId: "upload" }] },
      { feedback: [{ surveyId: "upload", score: "1" }] },
    ];
    const seen = [];
    await assert.rejects(
      async () => {
        for await (const answer of client.streamFeedback(bad)) seen.push(answer.batchNumber);
      },
      { reason: "FIELD_INVALID" },
    );
    assert.deepEqual(seen, [1]);
  });

  test("says that the clock of this machine is ahead, and does not try again", async () => {
    const ahead = new Client({
      endpoint: server.endpoint,
      environment: {},
      now: () => Date.now() + 3_600_000,
    });
    await assert.rejects(ahead.submitFeedback({ surveyId: "nps", score: 1 }), (error) => {
      assert.equal(error.reason, "TIME_OUT_OF_RANGE");
      assert.equal(error.attempts, 1);
      assert.match(error.message, /this machine, its clock is ahead/);
      return true;
    });
    ahead.close();
  });

  test("has the server's words, reason and request id in an error", async () => {
    await assert.rejects(client.submitFeedback({ surveyId: "nps", score: 11 }), (error) => {
      assert(error instanceof InvalidArgument);
      assert.equal(error.reason, "SCORE_OUT_OF_RANGE");
      assert.equal(error.metadata.max, "10");
      assert.deepEqual(
        error.fieldViolations.map(({ field }) => field),
        ["feedback.score"],
      );
      assert.match(String(error), /^InvalidArgument: .*\[SCORE_OUT_OF_RANGE\]$/);
      assert.match(inspect(error), /reason: 'SCORE_OUT_OF_RANGE'/);
      return true;
    });
    await assert.rejects(client.getSurvey({}), (error) => {
      assert.equal(error.fieldViolations[0].field, "surveyId");
      return true;
    });
  });

  test("ends a call when its caller wants it to, and says so", async () => {
    const controller = new AbortController();
    const watch = client.watchFeedback({}, { signal: controller.signal });
    const loop = collect(watch);
    controller.abort(new Error("enough"));
    await assert.rejects(loop, (error) => {
      assert.equal(error.code, "CANCELLED");
      assert.equal(error.cause.message, "enough");
      return true;
    });
    await assert.rejects(client.getStatus({}, { signal: AbortSignal.abort() }), {
      code: "CANCELLED",
    });
    const stopped = new Client({
      endpoint: "127.0.0.1:1",
      environment: {},
      sleep: (_, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          waiting.abort();
        }),
    });
    const waiting = new AbortController();
    await assert.rejects(stopped.getStatus({}, { signal: waiting.signal }), { code: "CANCELLED" });
  });

  test("has stubs with the same connection, which send what they are given", async () => {
    const { survey } = await client.stubs.SurveyService.getSurvey({ surveyId: "nps" });
    assert.equal(survey.$typeName, "emptychair.v1.Survey");
  });

  test("sends the trace that it is told of", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const traced = new Client({
      endpoint: server.endpoint,
      environment: {},
      traceparent: () => `00-${trace}-b7ad6b7169203331-01`,
    });
    await traced.getSurvey("nps");
    const log = join(server.folder, "access.log");
    await within(60_000, () => readFileSync(log, "utf8").includes(trace));
    traced.close();
  });
});

describe("when the server is away", () => {
  test("a call is sent again once it is back", async (t) => {
    const server = await Server.start(t);
    const client = new Client({
      endpoint: server.endpoint,
      environment: {},
      sleep: async () => {
        await server.start();
      },
    });
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    await server.kill();
    const { survey } = await client.getSurvey("nps");
    assert.equal(survey.surveyId, "nps");
    client.close();
  });

  test("the error is Unavailable and counts attempts, within the timeout", async () => {
    let now = 0;
    const client = new Client({
      endpoint: "127.0.0.1:1",
      environment: {},
      timeout: 1000,
      now: () => now,
      jitter: () => 1,
      sleep: async (ms) => {
        now += ms;
      },
    });
    await assert.rejects(client.getStatus(), (error) => {
      assert(error instanceof Unavailable, error.stack);
      assert.equal(error.attempts, 4);
      assert.equal(error.reason, undefined);
      return true;
    });
    assert.equal(now, 700);
    // What must not be repeated is not.
    await assert.rejects(client.deleteSurvey("nps", { confirmSurveyId: "nps" }), { attempts: 1 });
    await assert.rejects(client.createKey({ name: "a", role: "ADMIN" }), { attempts: 1 });
  });

  test("a connection that is cut is no cancellation", async (t) => {
    const server = await Server.start(t);
    const proxy = await Proxy.start(t, server.endpoint);
    const client = new Client({ endpoint: proxy.endpoint, environment: {} });
    const watch = client.watchFeedback({ afterSequence: 0n }, { timeout: 1 });
    const ended = assert.rejects(collect(watch), (error) => {
      assert(error instanceof Unavailable, error.stack);
      return true;
    });
    await within(60_000, () => watch.position !== undefined);
    await server.kill();
    await ended;
  });

  test("the next endpoint is called", async (t) => {
    const server = await Server.start(t);
    const client = new Client({
      endpoint: ["127.0.0.1:1", server.endpoint],
      environment: {},
      sleep: async () => {},
    });
    assert.equal((await client.getStatus()).surveyCount, 0);
    // Calls that fail together go on together, and stay with the one that answered.
    const many = new Client({
      endpoint: ["127.0.0.1:1", server.endpoint],
      environment: {},
      sleep: async () => {},
      timeout: 60_000,
    });
    await Promise.all(Array.from({ length: 4 }, () => many.getStatus()));
    assert.equal(many.connection.endpoint, 1);
    many.close();
    const once = new Client({
      endpoint: ["127.0.0.1:1", server.endpoint],
      environment: {},
      sleep: async () => {},
    });
    await once.getStatus();
    await once.createSurvey({ surveyId: "nps", kind: "NPS" });
    await once.deleteSurvey("nps", { confirmSurveyId: "nps" });
    client.close();
    once.close();
  });

  test("an upload goes on over cut connections, and stores each record once", async (t) => {
    const server = await Server.start(t);
    const proxy = await Proxy.start(t, server.endpoint);
    const client = new Client({ endpoint: proxy.endpoint, environment: {}, timeout: 60_000 });
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    function* batches() {
      for (let n = 0; n < 60; n++) {
        yield { feedback: Array.from({ length: 100 }, () => ({ surveyId: "nps", score: n % 11 })) };
      }
    }
    const numbers = [];
    for await (const { batchNumber, acceptedCount, alreadyExistedCount } of client.streamFeedback(
      batches(),
    )) {
      assert.equal(acceptedCount + alreadyExistedCount, 100);
      numbers.push(batchNumber);
      if (batchNumber % 20 === 7) proxy.cut();
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    assert.equal((await client.getStatus()).feedbackCount, 6000);
    client.close();
  });
});
