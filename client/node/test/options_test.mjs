// Options and their defaults, and what a writer says by itself, are those of all clients.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Client, FeedbackWriter, InvalidArgument } from "@emptychair/client";
import { checkTimeout, settingsOf } from "../dist/net/options.js";
import { writerSettings } from "../dist/writer/options.js";
import { startFake } from "./fake_service.mjs";
import { temporaryFolder } from "./folders.mjs";
import { within } from "./server.mjs";

const vectors = JSON.parse(readFileSync(process.env.EMPTYCHAIR_VECTORS, "utf8"));
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const nameOf = ({ name }) => camel(name.replace(/_ms$/, ""));

describe("options of a writer", () => {
  test("that are not given", () => {
    const wanted = vectors.writer_options.map((option) => [nameOf(option), option.default]);
    assert.deepEqual(writerSettings({}), Object.fromEntries(wanted));
  });

  for (const option of vectors.writer_options) {
    test(`range of ${option.name}`, () => {
      const name = nameOf(option);
      const good = option.known ?? [option.least, option.most];
      for (const value of good) assert.equal(writerSettings({ [name]: value })[name], value);
      const bad = option.known ? ["WAIT"] : [option.least - 1, option.most + 1, "5", true, null];
      for (const value of bad) {
        assert.throws(
          () => writerSettings({ [name]: value }),
          (error) => error instanceof InvalidArgument && error.metadata.field === name,
          `${value}`,
        );
      }
    });
  }
});

test("options of a client", () => {
  const [endpoint, timeout] = vectors.client_options;
  const settings = settingsOf({ environment: {} });
  assert.deepEqual(settings.endpoints, [endpoint.default]);
  assert.equal(settings.timeout, timeout.default);
  checkTimeout(timeout.most);
  assert.throws(() => checkTimeout(timeout.most + 1), InvalidArgument);
});

describe("what a writer says by itself", () => {
  // A server that acknowledges nothing until `release`.
  async function set(t) {
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    const batches = [];
    const endpoint = await startFake(t, async ({ feedback }) => {
      batches.push(feedback);
      await released;
      return {};
    });
    t.after(release);
    const client = new Client({ endpoint, environment: {}, timeout: 60_000 });
    t.after(() => client.close());
    const results = [];
    const make = (options) => {
      const writer = new FeedbackWriter(client, {
        onResult: (result) => results.push(result),
        ...options,
      });
      t.after(() => writer.close(1).catch(() => {}));
      return writer;
    };
    return { make, results, batches };
  }
  const record = (externalId) => ({ surveyId: "nps", externalId });

  async function errorOf(call) {
    try {
      await call();
    } catch (error) {
      return error;
    }
    throw new Error("there was no error");
  }

  const cases = {
    // `add` answers false, and no error.
    async full({ make }) {
      const writer = make({ queueBytes: 30 });
      assert.equal(writer.add(record("a")), true);
      assert.equal(writer.add({ ...record("b"), comment: "There is no room for this." }), false);
      return undefined;
    },
    async dropped({ make, results, batches }) {
      const writer = make({
        queueBytes: 40,
        batchRecords: 1,
        inFlightBatches: 1,
        whenFull: "DROP_OLDEST",
      });
      writer.add(record("a"));
      await within(60_000, () => batches.length === 1);
      for (const id of ["b", "c", "d", "e"]) writer.add(record(id));
      await within(60_000, () => results.length > 0);
      assert.equal(results[0].feedback.externalId, "b");
      return results[0].error;
    },
    async added_after_close({ make }) {
      const writer = make();
      await writer.close();
      const blocking = make({ whenFull: "BLOCK", queueBytes: 14 });
      await blocking.add(record("a"));
      const waits = errorOf(() => blocking.add(record("b")));
      await blocking.close(1).catch(() => {});
      const error = await waits;
      assert.deepEqual(
        (({ code, message }) => ({ code, message }))(error),
        (({ code, message }) => ({ code, message }))(await errorOf(() => writer.add(record("a")))),
      );
      return error;
    },
    async flush_in_vain({ make }) {
      const writer = make();
      writer.add(record("a"));
      return errorOf(() => writer.flush(10));
    },
    async close_in_vain({ make }) {
      const writer = make();
      writer.add(record("a"));
      return errorOf(() => writer.close(10));
    },
    async left_at_close({ make, results }) {
      const writer = make();
      writer.add(record("a"));
      await writer.close(10).catch(() => {});
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ["GAVE_UP"],
      );
      return results[0].error;
    },
    async spool_in_use({ make, folder }) {
      make({ spool: join(folder, "spool") });
      return errorOf(() => make({ spool: join(folder, "spool") }));
    },
    async spool_damaged({ make, folder }) {
      writeFileSync(join(folder, `${"0".repeat(16)}.spool`), "ECSPOOL2");
      return errorOf(() => make({ spool: folder }));
    },
    async spool_not_usable({ make, folder }) {
      return errorOf(() => make({ spool: join(folder, "no", "such") }));
    },
    async option_out_of_range({ make }) {
      return errorOf(() => make({ inFlightBatches: 9 }));
    },
  };

  for (const { case: name, code, reason } of vectors.writer_errors) {
    test(name, async (t) => {
      const error = await cases[name]({ ...(await set(t)), folder: temporaryFolder(t) });
      if (name === "full") return;
      assert.equal(error.code, code);
      assert.equal(error.reason ?? null, reason);
      assert.equal(error.metadata.left, code === "DEADLINE_EXCEEDED" ? "1" : undefined);
    });
  }
});
