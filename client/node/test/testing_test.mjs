// The fake server of the package, as the tests of a user's program use it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client, InvalidArgument, NotFound } from "@emptychair/client";
import { startFakeServer } from "@emptychair/client/testing";
import { temporaryFolder } from "./folders.mjs";
import { within } from "./server.mjs";

const NOON = new Date("2024-01-31T12:00:00Z");
const hoursFrom = (time, hours) => new Date(time.getTime() + hours * 3_600_000);

async function start(t, options) {
  const server = await startFakeServer(options);
  t.after(() => server.close());
  const client = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
  t.after(() => client.close());
  return { server, client };
}

async function answers(client) {
  return (await client.queryMetric({ surveyIds: ["nps"] })).total.points[0].answers;
}

test("it is the server itself", async (t) => {
  const { client } = await start(t);
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  await client.submitFeedback({ surveyId: "nps", score: 9 });
  await assert.rejects(client.submitFeedback({ surveyId: "nps", score: 11 }), {
    reason: "SCORE_OUT_OF_RANGE",
  });
  assert.equal(await answers(client), 1);
});

test("its clock stands where it is set", async (t) => {
  const { server, client } = await start(t, { time: NOON });
  const made = async (surveyId) =>
    (await client.createSurvey({ surveyId, kind: "NPS" })).survey.createTime;
  assert.deepEqual(await made("nps"), NOON);
  for (const hours of [5, -5]) {
    const time = hoursFrom(NOON, hours);
    await server.setTime(hours > 0 ? time : time.toISOString());
    assert.deepEqual(await made(`nps${hours + 5}`), time);
  }
  await assert.rejects(client.submitFeedback({ surveyId: "nps", score: 9, occurTime: NOON }), {
    reason: "TIME_OUT_OF_RANGE",
  });
  await assert.rejects(server.setTime("noon"), InvalidArgument);
});

test("calls fail as often as they are to", async (t) => {
  const { server, client } = await start(t);
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  await server.failNext({ code: "UNAVAILABLE", method: "submitFeedback", count: 2 });
  await client.submitFeedback({ surveyId: "nps", score: 9 });
  await server.failNext({ code: "INTERNAL", message: "on purpose" });
  await assert.rejects(client.getSurvey("nps"), {
    code: "INTERNAL",
    attempts: 1,
    message: /on purpose/,
  });
  await server.failNext({ code: "NOT_FOUND", method: "emptychair.v1.SurveyService/GetSurvey" });
  assert.equal(await answers(client), 1);
  await assert.rejects(client.getSurvey("nps"), NotFound);
  await client.getSurvey("nps");

  for (const [failure, field] of [
    [{ code: "NO_CODE" }, "code"],
    [{ code: "OK" }, "code"],
    [{ code: "INTERNAL", method: "submit" }, "method"],
    [{ code: "INTERNAL", method: "a.B/C" }, "method"],
    [{ code: "INTERNAL", count: 0 }, "count"],
  ]) {
    await assert.rejects(server.failNext(failure), (error) => {
      assert(error instanceof InvalidArgument);
      assert.deepEqual(
        error.fieldViolations.map((violation) => violation.field),
        [field],
      );
      return true;
    });
  }
});

test("connections are cut and restarts keep the store", async (t) => {
  const { server, client } = await start(t);
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  const watch = client.watchFeedback({ afterSequence: 0n })[Symbol.asyncIterator]();
  for (let i = 0; i < 4; i++) {
    await client.submitFeedback({ surveyId: "nps", externalId: `e${i}`, score: 9 });
    const { changes } = (await watch.next()).value;
    assert.deepEqual(
      changes.map(({ feedback }) => feedback.externalId),
      [`e${i}`],
    );
    if (i % 2) await server.restart();
    else assert.equal(await server.dropConnections(), 1);
  }
  await watch.return();
  assert.equal(await answers(client), 4);
});

// Whether a process has ended; who collects it is not this one.
function isGone(pid) {
  const path = `/proc/${pid}/stat`;
  try {
    return !existsSync(path) || readFileSync(path, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}

async function pidOf(code) {
  const program = `import { startFakeServer } from "@emptychair/client/testing";
    const server = await startFakeServer();
    console.log(server.child.pid);
    ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  const [status] = await once(child, "close");
  assert.equal(status, 0);
  return Number(output);
}

test("it ends with who has started it, and keeps nobody alive", async () => {
  for (const code of ["", "process.exit(0);", "await server.close(); await server.close();"]) {
    const pid = await pidOf(code);
    assert(pid > 0);
    await within(60_000, () => isGone(pid));
  }
});

test("a program that is not there is said", async (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, "fake");
  await assert.rejects(startFakeServer({ program }), /EMPTYCHAIR_FAKE/);
  writeFileSync(program, "#!/bin/sh\necho not this\n");
  chmodSync(program, 0o700);
  await assert.rejects(startFakeServer({ program }), /not this/);
});
