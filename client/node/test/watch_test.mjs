// The feed of changes, over restarts of the server and connections that are cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { after, Client } from "@emptychair/client";
import { Proxy, Server } from "./server.mjs";

const RESTARTS = Number(process.env.EMPTYCHAIR_WATCH_RESTARTS ?? 10);

test("goes on over restarts, without a gap or a repeat, and not with another store", async (t) => {
  const server = await Server.start(t);
  const client = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
  t.after(() => client.close());
  await client.createSurvey({ surveyId: "nps", kind: "NPS" });
  const watch = client.watchFeedback({ afterSequence: 0n });
  const messages = watch[Symbol.asyncIterator]();
  const seen = [];
  const next = async () => {
    for (const { feedback } of (await messages.next()).value.changes)
      seen.push(feedback.externalId);
  };
  const sent = [];
  const send = async () => {
    const externalId = `e${sent.length}`;
    await client.submitFeedback({ surveyId: "nps", externalId, score: sent.length % 11 });
    sent.push(externalId);
  };
  for (let round = 0; round < RESTARTS; round++) {
    await send();
    while (seen.length < sent.length) await next();
    await (round % 2 === 0 ? server.kill() : server.stop());
    await server.start();
    await send();
    await send();
  }
  while (seen.length < sent.length) await next();
  assert.deepEqual(seen, sent);

  // A watch of its own, from where that one stands.
  const [storeId, epoch, sequence] = watch.position.split(":");
  assert.equal(storeId, (await client.getStatus()).storeId);
  assert.match(epoch, /^[0-9a-f]{16}$/);
  assert(BigInt(sequence) > 0n);
  await send();
  for await (const { changes } of client.watchFeedback(after(watch.position))) {
    assert.deepEqual(
      changes.map(({ feedback }) => feedback.externalId),
      [sent.at(-1)],
    );
    break;
  }

  await server.kill();
  await server.start("another");
  await assert.rejects(
    async () => {
      for (;;) await next();
    },
    { reason: "STORE_CHANGED" },
  );
});

test("goes on over connections that are cut, in a loop that is entered again too", async (t) => {
  const server = await Server.start(t);
  const proxy = await Proxy.start(t, server.endpoint);
  const direct = new Client({ endpoint: server.endpoint, environment: {}, timeout: 60_000 });
  const client = new Client({ endpoint: proxy.endpoint, environment: {}, timeout: 60_000 });
  t.after(() => [direct, client].forEach((one) => one.close()));
  await direct.createSurvey({ surveyId: "nps", kind: "NPS" });
  for (let i = 0; i < 20; i++)
    await direct.submitFeedback({ surveyId: "nps", externalId: `e${i}` });
  const watch = client.watchFeedback({ surveyIds: ["nps"], afterSequence: 0n });
  const seen = [];
  for (let i = 20; i < 40; i++) {
    await direct.submitFeedback({ surveyId: "nps", externalId: `e${i}` });
    for await (const { changes } of watch) {
      for (const { feedback } of changes) seen.push(feedback.externalId);
      if (i % 4 === 0) proxy.cut();
      if (seen.length === i + 1) break;
    }
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, i) => `e${i}`),
  );
});
