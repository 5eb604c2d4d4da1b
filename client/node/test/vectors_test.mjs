// The vectors that all clients share, ../../../tests/vectors/clients.json.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { ApiKey, CallKey } from "../dist/net/api_key.js";
import { Encoder } from "../dist/message/encode.js";
import { errorOfStatus } from "../dist/net/error_details.js";
import { isRetryable, makeError } from "../dist/errors.js";
import { FeedbackSchema } from "../dist/gen/emptychair/v1/feedback_service_pb.js";
import { StatusSchema } from "../dist/gen/google/rpc/status_pb.js";
import { InvalidArgument, newFeedbackId, parsePosition, positionText } from "../dist/index.js";
import { settingsOf } from "../dist/net/options.js";
import { encodeRecord, withIdentity } from "../dist/message/record.js";
import { Retries } from "../dist/net/retries.js";
import { Sink } from "../dist/message/sink.js";
import { ackedBytes, frame, parseAcked, Spool } from "../dist/writer/spool.js";
import { parseTime } from "../dist/message/times.js";
import { temporaryFolder } from "./folders.mjs";

const path = process.env.EMPTYCHAIR_VECTORS;
assert(path !== undefined, "EMPTYCHAIR_VECTORS names no clients.json");
const vectors = JSON.parse(readFileSync(path, "utf8"));

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

// A value of the vectors as a user of this language writes it.
function valueOf(value) {
  if (Array.isArray(value)) return value.map(valueOf);
  if (typeof value !== "object" || value === null) return value;
  switch (value.$) {
    case undefined:
      return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, valueOf(v)]));
    case "time":
      return new Date(value.value);
    case "invalid_time":
      return new Date(Number.NaN);
    case "absent":
      return undefined;
    case "null":
      return null;
    case "nan":
      return Number.NaN;
    case "infinity":
      return Number.POSITIVE_INFINITY;
    case "float":
      return value.value;
    case "bigint":
      return BigInt(value.value);
    case "bytes":
      return Buffer.from(value.value, "hex");
    case "repeat":
      return value.text.repeat(value.count);
    case "map":
      return new Map(value.entries);
    default:
      throw new Error(`the vectors have a value that is not known here: ${value.$}`);
  }
}

// Fields in the case of this language; the keys of labels are a caller's.
function recordOf(fields) {
  const record = {};
  for (const [name, value] of Object.entries(fields)) {
    const isMessage = name === "exclusion" && typeof value === "object" && value.$ === undefined;
    record[camel(name)] = isMessage ? recordOf(value) : valueOf(value);
  }
  return record;
}

function encoded(record) {
  const encoder = new Encoder(new Sink(16));
  encodeRecord(encoder, record);
  return encoder.sink.slice();
}

const here = ({ only }) => only === undefined || only.includes("node");
const pathOf = (field) => field.split(".").map(camel).join(".");

describe("records", () => {
  for (const entry of vectors.records.filter(here)) {
    test(entry.name, () => {
      const record = recordOf(entry.in);
      if (entry.error === undefined) {
        const bytes = encoded(record);
        const wanted = Buffer.from(entry.bytes, "hex");
        assert.deepEqual(fromBinary(FeedbackSchema, bytes), fromBinary(FeedbackSchema, wanted));
        if (Object.keys(entry.in.labels ?? {}).length <= 1) assert.deepEqual(bytes, wanted);
        return;
      }
      const { reason, field, nearest, known } = entry.error;
      assert.throws(
        () => encoded(record),
        (error) => {
          assert(error instanceof InvalidArgument, error.stack);
          assert.equal(error.reason, reason);
          assert.equal(error.fieldViolations[0].field, pathOf(field));
          assert.equal(error.attempts, 0);
          if (nearest)
            assert.match(error.message, new RegExp(`the nearest is ${camel(nearest)}\\b`));
          if (known) assert.match(error.message, new RegExp(`\\b${known}\\b`));
          return true;
        },
      );
    });
  }
});

describe("times", () => {
  for (const { in: text, name = text, seconds, nanos, out, error } of vectors.times) {
    test(name, () => {
      // As text, which has more digits than a Date, and as a Date where that has all of them.
      for (const time of [text, new Date(parseTime(text))]) {
        const record = { surveyId: "nps", externalId: "a", occurTime: time };
        if (error !== undefined) {
          assert.throws(() => encoded(record), { reason: error.reason });
          continue;
        }
        const { occurTime } = fromBinary(FeedbackSchema, encoded(record));
        assert.deepEqual([Number(occurTime.seconds), occurTime.nanos], [seconds, nanos]);
        assert.equal(new Date(seconds * 1000 + nanos / 1e6).toISOString(), out);
      }
    });
  }
});

describe("ids", () => {
  for (const { time, digits } of vectors.ids) {
    test(time, () => {
      const made = new Set();
      for (let i = 0; i < 1000; i++) {
        const id = newFeedbackId(parseTime(time));
        assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.equal(id.replace("-", "").slice(0, 12), digits);
        made.add(id);
      }
      assert.equal(made.size, 1000);
    });
  }

  test("every one of the 74 bits is random", () => {
    let [ones, zeros] = [0n, 0n];
    for (let i = 0; i < 200; i++) {
      const bits = BigInt(`0x${newFeedbackId(1).replaceAll("-", "").slice(12)}`);
      ones |= bits;
      zeros |= ~bits & (2n ** 80n - 1n);
    }
    const random = (ones & zeros).toString(2).replaceAll("0", "").length;
    assert.equal(random, 74);
  });
});

describe("made_ids", () => {
  for (const { name, in: fields, now, occur_time: occurTime, digits } of vectors.made_ids) {
    test(name, () => {
      const record = withIdentity(recordOf(fields), parseTime(now));
      encoded(record);
      assert.equal(record.occurTime?.toISOString() ?? null, occurTime);
      assert.equal(record.feedbackId?.replaceAll("-", "").slice(0, 12) ?? null, digits);
    });
  }
});

describe("errors", () => {
  for (const entry of vectors.errors) {
    test(entry.name, () => {
      const error = errorOfStatus(fromBinary(StatusSchema, Buffer.from(entry.bytes, "base64")));
      assert.equal(error.code, entry.code);
      assert.equal(error.message, entry.message);
      assert.equal(error.reason ?? null, entry.reason);
      assert.deepEqual(error.metadata, entry.metadata);
      assert.deepEqual(error.fieldViolations, entry.field_violations);
      assert.equal(error.retryDelay ?? null, entry.retry_delay_ms);
      assert.equal(isRetryable(error), entry.retryable);
      assert(String(error).endsWith(`[${entry.reason ?? entry.code}]`));
    });
  }
});

describe("waits", () => {
  for (const entry of vectors.waits) {
    test(entry.name, async () => {
      let now = 0;
      let jitter = 0;
      let text = "eck_old";
      const waits = [];
      const settings = settingsOf({
        environment: {},
        apiKeySource: () => text,
        now: () => now,
        jitter: () => jitter,
        sleep: async (ms) => {
          waits.push(ms);
          now += ms;
        },
      });
      const key = new CallKey(ApiKey.of(settings));
      const retries = new Retries(settings, key, entry.timeout_ms);
      retries.begin();
      let outcome = "success";
      for (const failure of entry.failures) {
        await key.authorization();
        if (entry.key_is_renewed) text = "eck_new";
        jitter = failure.jitter;
        const error = makeError({
          code: failure.code,
          message: "",
          retryDelay: failure.retry_delay_ms,
        });
        if (!(await retries.again(error))) {
          outcome = "error";
          break;
        }
      }
      assert.deepEqual(waits, entry.waits_ms);
      assert.equal(outcome, entry.outcome);
    });
  }
});

describe("positions", () => {
  for (const { text, store_id: storeId, epoch, sequence, error } of vectors.positions) {
    test(JSON.stringify(text), () => {
      if (error !== undefined) {
        assert.throws(() => parsePosition(text), {
          reason: error.reason,
          metadata: { field: error.field },
        });
        return;
      }
      const position = { storeId, epoch, sequence: BigInt(sequence) };
      assert.deepEqual(parsePosition(text), position);
      if (text !== "0") assert.equal(positionText(position), text);
    });
  }
});

describe("spool", () => {
  const { one_record: one, three_records: three, tails, acked, crc32: sum } = vectors.spool;

  for (const { name, tail, records, torn, error: code } of tails) {
    test(`a file that ends with ${name}`, (t) => {
      const folder = temporaryFolder(t);
      const path = join(folder, one.name);
      writeFileSync(path, Buffer.from(one.bytes + tail, "hex"));
      if (code !== undefined) {
        assert.throws(() => new Spool(folder, "INTERVAL"), { code });
        assert(existsSync(`${path}.bad`));
      }
      const spool = new Spool(folder, "INTERVAL");
      assert.equal(spool.liveRecords, records ?? 0);
      assert.equal(spool.tornRecords, torn ?? 0);
      spool.close();
    });
  }

  test("crc32 is that of zlib", () => {
    assert.equal(crc32(sum.of_text).toString(16), sum.is);
  });

  test("acked", () => {
    for (const { number, bytes } of acked) {
      assert.equal(ackedBytes(Number(number)).toString("hex"), bytes);
      assert.equal(parseAcked(Buffer.from(bytes, "hex")), Number(number));
      for (let bit = 0; bit < 96; bit++) {
        const flipped = Buffer.from(bytes, "hex");
        flipped[bit >> 3] ^= 1 << (bit & 7);
        assert.equal(parseAcked(flipped), undefined);
      }
    }
  });

  for (const file of [one, three]) {
    test(`writes ${file.records.length} records`, (t) => {
      const folder = temporaryFolder(t);
      const spool = new Spool(folder, "INTERVAL");
      for (const record of file.records) spool.append(encoded(recordOf(record)));
      assert.equal(readFileSync(join(folder, file.name)).toString("hex"), file.bytes);
      spool.close();
    });
  }

  test("reads a file that is cut at any byte", (t) => {
    const bytes = Buffer.from(three.bytes, "hex");
    for (let cut = 0; cut <= bytes.length; cut++) {
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, three.name), bytes.subarray(0, cut));
      const count = three.record_ends.filter((end) => end <= cut).length;
      const spool = new Spool(folder, "INTERVAL");
      for (let i = 0; i < count; i++) {
        const { number, record } = spool.read();
        assert.equal(number, i);
        assert.deepEqual(
          frame(record),
          bytes.subarray(three.record_ends[i - 1] ?? 8, three.record_ends[i]),
        );
      }
      assert.equal(spool.read(), undefined);
      const isCut = cut > 8 && !three.record_ends.includes(cut);
      assert.equal(spool.tornRecords, isCut ? 1 : 0, `cut at ${cut}`);
      assert.equal(spool.append(Buffer.from("x")), count);
      spool.close();
    }
  });
});
