// The spool of a writer: what stays over its end, what is damaged, and who may use it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Client, FeedbackWriter } from "@emptychair/client";
import { Spool } from "../dist/writer/spool.js";
import { lockSpool } from "../dist/writer/spool_lock.js";
import { temporaryFolder } from "./folders.mjs";
import { Server, within } from "./server.mjs";

const NOWHERE = "127.0.0.1:1";
const clientOf = (t, endpoint) => {
  const client = new Client({ endpoint, environment: {}, timeout: 60_000 });
  t.after(() => client.close());
  return client;
};
const record = (i) => ({ surveyId: "nps", externalId: `e${i}`, score: i % 11 });
const spoolFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => name.includes(".spool"))
    .sort();

async function numbersOf(spool) {
  const numbers = [];
  for (let next = spool.read(); next !== undefined; next = spool.read()) numbers.push(next.number);
  return numbers;
}

describe("a writer with a spool", () => {
  test("leaves what is not answered to the next one, which sends it in order", async (t) => {
    const folder = temporaryFolder(t);
    const first = new FeedbackWriter(clientOf(t, NOWHERE), { spool: folder });
    for (let i = 0; i < 500; i++) first.add(record(i), i);
    await assert.rejects(first.close(1), { code: "DEADLINE_EXCEEDED" });
    assert.equal(first.counters().gaveUp, 0);

    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    // One of them is stored already; whose doing that was cannot be told.
    await client.submitFeedback(record(7));
    const results = [];
    const second = new FeedbackWriter(client, {
      spool: folder,
      onResult: (result) => results.push(result),
    });
    assert.equal(second.counters().queuedRecords, 500);
    assert(second.counters().queuedBytes > 500 * 10);
    second.add(record(500), "new");
    await second.close(60_000);
    assert.deepEqual(
      results.map(({ feedback }) => feedback.externalId),
      Array.from({ length: 501 }, (_, i) => `e${i}`),
    );
    assert(results.every(({ outcome }) => outcome === "STORED"));
    assert.deepEqual(results.map(({ context }) => context).filter(Boolean), ["new"]);
    assert.equal((await client.getStatus()).feedbackCount, 501);
    assert.deepEqual(readdirSync(folder).sort(), ["acked", "lock"]);
  });

  test("has more in it than in memory, and reads it back in order", async (t) => {
    const folder = temporaryFolder(t);
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    await server.kill();
    const big = (i) => ({ ...record(i), comment: "c".repeat(500) });
    const seen = [];
    const writer = new FeedbackWriter(client, {
      spool: folder,
      queueBytes: 64 * 1024,
      batchRecords: 10,
      inFlightBatches: 1,
      onResult: ({ feedback }) => {
        seen.push(feedback.externalId);
        // There is room in memory by now, and most of the records are on disk alone.
        if (seen.length === 60) for (let i = 1000; i < 1050; i++) writer.add(big(i));
      },
    });
    for (let i = 0; i < 1000; i++) assert.equal(writer.add(big(i)), true);
    assert(writer.counters().queuedBytes > 500_000);
    await server.start();
    await within(60_000, () => seen.length === 1050);
    for (let i = 1050; i < 1200; i++) writer.add(big(i));
    await writer.close(60_000);
    assert.deepEqual(
      seen,
      Array.from({ length: 1200 }, (_, i) => `e${i}`),
    );
    assert.equal((await client.getStatus()).feedbackCount, 1200);
  });

  for (const whenFull of ["REFUSE", "DROP_OLDEST"]) {
    test(`is full by its own size: ${whenFull}`, async (t) => {
      const folder = temporaryFolder(t);
      const results = [];
      const writer = new FeedbackWriter(clientOf(t, NOWHERE), {
        spool: folder,
        spoolBytes: 64 * 1024,
        batchRecords: 10,
        inFlightBatches: 1,
        linger: 60_000,
        whenFull,
        onResult: (result) => results.push(result),
      });
      let added = 0;
      for (let i = 0; i < 200; i++) {
        if (writer.add({ ...record(i), comment: "c".repeat(1000) })) added++;
      }
      assert(writer.counters().queuedBytes <= 64 * 1024);
      await new Promise(setImmediate);
      if (whenFull === "REFUSE") {
        assert(added < 70);
      } else {
        assert.equal(added, 200);
        await within(60_000, () => results.length === writer.counters().dropped);
        assert(results.length > 100);
        assert(results.every(({ outcome }) => outcome === "GAVE_UP"));
      }
      await writer.close(1).catch(() => {});
    });
  }

  test("goes on when its disk does not", async (t) => {
    const folder = temporaryFolder(t);
    const server = await Server.start(t);
    const client = clientOf(t, server.endpoint);
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    const writer = new FeedbackWriter(client, { spool: folder, linger: 60_000 });
    writer.add(record(1));
    rmSync(folder, { recursive: true });
    await writer.flush(60_000);
    assert.equal(writer.counters().stored, 1);
    assert.match(writer.counters().lastError.message, /the spool failed/);
    await writer.close();
  });

  test("is used by one writer at a time, in this process and in others", async (t) => {
    const folder = temporaryFolder(t);
    const writer = new FeedbackWriter(clientOf(t, NOWHERE), { spool: folder });
    assert.throws(() => new FeedbackWriter(clientOf(t, NOWHERE), { spool: folder }), {
      code: "FAILED_PRECONDITION",
    });
    await writer.close();
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { Spool } from "${new URL("../dist/writer/spool.js", import.meta.url)}";
       new Spool(${JSON.stringify(folder)}, "ALWAYS").append(Buffer.from("x"));
       console.log("open"); setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    assert.throws(() => new Spool(folder, "INTERVAL"), /in use by another process/);
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
    const spool = new Spool(folder, "INTERVAL");
    assert.deepEqual(await numbersOf(spool), [0]);
    spool.close();
  });

  test("is locked by the id of the process where there is no flock", (t) => {
    const folder = temporaryFolder(t);
    const unlock = lockSpool(folder, "no-such-command");
    assert.throws(() => lockSpool(folder, "no-such-command"), /in use by process \d+/);
    unlock();
    // Whoever is dead holds nothing, also not one whose id another process has by now.
    for (const text of [`${process.pid} 1\n`, "99999999 1\n", "", "garbage"]) {
      writeFileSync(join(folder, "lock.node"), text);
      lockSpool(folder, "no-such-command")();
      assert(!existsSync(join(folder, "lock.node")));
    }
  });
});

describe("files", () => {
  const text = (i) => Buffer.from(`record ${i} ${"x".repeat(100)}`);

  // Three files: two that are full, as far as this test goes, and the last.
  function threeFiles(t) {
    const folder = temporaryFolder(t);
    for (let n = 0; n < 3; n++) {
      const spool = new Spool(folder, "ALWAYS");
      for (let i = 0; i < 10; i++) spool.append(text(n * 10 + i));
      spool.close();
    }
    assert.deepEqual(
      spoolFiles(folder),
      [0, 10, 20].map((n) => `${n.toString(16).padStart(16, "0")}.spool`),
    );
    return folder;
  }

  test("are begun at 16 MiB and go when all in them is answered", (t) => {
    const folder = temporaryFolder(t);
    const spool = new Spool(folder, "INTERVAL");
    const mebibyte = Buffer.alloc(1 << 20, "x");
    for (let i = 0; i < 40; i++) spool.append(mebibyte);
    assert.equal(spoolFiles(folder).length, 3);
    spool.acknowledge(15);
    assert.equal(spoolFiles(folder).length, 3);
    spool.acknowledge(16);
    assert.equal(spoolFiles(folder).length, 2);
    assert.equal(readFileSync(join(folder, "acked")).readBigUInt64LE(), 16n);
    spool.close();
    const again = new Spool(folder, "INTERVAL");
    assert.equal(again.read().number, 16);
    assert.equal(again.nextNumber, 40);
    again.acknowledge(40);
    again.close();
    assert.deepEqual(spoolFiles(folder), []);
    const last = new Spool(folder, "INTERVAL");
    assert.equal(last.append(text(0)), 40);
    last.close();
  });

  test("whose answers a killed process has not noted are read again", async (t) => {
    const folder = threeFiles(t);
    const spool = new Spool(folder, "INTERVAL");
    spool.acknowledge(12);
    spool.close();
    assert.equal(spoolFiles(folder).length, 2);
    for (const acked of [undefined, "", "garbage12345"]) {
      const path = join(folder, "acked");
      if (acked === undefined) unlinkSync(path);
      else writeFileSync(path, acked);
      const again = new Spool(folder, "INTERVAL");
      assert.equal((await numbersOf(again))[0], 10);
      again.close();
    }
  });

  test("that are damaged before their end are set aside, and that is an error", async (t) => {
    for (const [name, damage] of [
      [
        "a bit of a record",
        (path) => {
          const bytes = readFileSync(path);
          bytes[200] ^= 1;
          writeFileSync(path, bytes);
        },
      ],
      ["the end of a file that is not the last", (path) => truncateSync(path, 500)],
      ["the first bytes", (path) => writeFileSync(path, "ECSPOOL2")],
    ]) {
      const folder = threeFiles(t);
      const [, second] = spoolFiles(folder);
      damage(join(folder, second));
      assert.throws(
        () => new Spool(folder, "INTERVAL"),
        (error) => {
          assert.equal(error.code, "DATA_LOSS", name);
          assert.match(error.message, new RegExp(`${second}.bad`));
          return true;
        },
      );
      assert(existsSync(join(folder, `${second}.bad`)));
      const spool = new Spool(folder, "INTERVAL");
      const numbers = await numbersOf(spool);
      assert.deepEqual(numbers, [
        ...Array(10).keys(),
        ...Array.from({ length: 10 }, (_, i) => 20 + i),
      ]);
      spool.close();
      // Once it is mended it can be put back.
      renameSync(join(folder, `${second}.bad`), join(folder, `${second}.seen`));
    }
  });

  test("whose last record is wrong lose that one, and zeros behind it", async (t) => {
    for (const [left, damage] of [
      [29, (bytes) => bytes.fill(bytes.at(-1) ^ 1, bytes.length - 1)],
      [30, (bytes) => Buffer.concat([bytes, Buffer.alloc(100)])],
      [30, (bytes) => Buffer.concat([bytes, Buffer.alloc(8)])],
    ]) {
      const folder = threeFiles(t);
      const path = join(folder, spoolFiles(folder)[2]);
      writeFileSync(path, damage(readFileSync(path)));
      const spool = new Spool(folder, "INTERVAL");
      assert.equal(spool.tornRecords, 1);
      assert.equal((await numbersOf(spool)).length, left);
      assert.equal(spool.append(text(0)), left);
      spool.close();
    }
  });
});
