// Compares the writer with the bare stream, in alternating turns against a server of its own.
//
//   EMPTYCHAIR_SERVER=../../build/release/bin/emptychaird node bench/writer.mjs [RECORDS] [TURNS]
//
// ready: batches made before the clock starts; building: the same records made on the way, by the
// stub that protoc-gen-es makes; writer: the same by FeedbackWriter. Prints records per second and
// CPU of this process per record, medians of all turns, and the ratios that client/node/README.md
// speaks of.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { create } from "@bufbuild/protobuf";
import { Client, FeedbackWriter } from "@emptychair/client";
import { StreamFeedbackRequestSchema } from "../dist/gen/emptychair/v1/feedback_service_pb.js";

const RECORDS = Number(process.argv[2] ?? 200_000);
const TURNS = Number(process.argv[3] ?? 5);
const BATCH = 1000;

const record = (turn, i) => ({
  surveyId: "checkout",
  externalId: `order-${turn}-${i}`,
  customerId: `customer-${i % 5000}`,
  score: i % 11,
  comment: "The delivery was quick, and the chair is as it was shown.",
  labels: { channel: "web" },
});

// What the generated code takes: the same fields, batch by batch.
function batchOf(turn, number) {
  const feedback = [];
  for (let i = 0; i < BATCH; i++) feedback.push(record(turn, number * BATCH + i));
  return { batchNumber: BigInt(number + 1), feedback };
}

async function bare(client, batches) {
  async function* sent() {
    yield* batches;
  }
  let count = 0;
  for await (const answer of client.stubs.FeedbackService.streamFeedback(sent())) {
    count += answer.acceptedCount;
  }
  return count;
}

function* building(turn) {
  for (let number = 0; number < RECORDS / BATCH; number++) yield batchOf(turn, number);
}

const WAYS = {
  async ready(client, turn) {
    const batches = [...building(turn)].map((batch) => create(StreamFeedbackRequestSchema, batch));
    return () => bare(client, batches);
  },
  async building(client, turn) {
    return () => bare(client, building(turn));
  },
  async writer(client, turn) {
    return async () => {
      let stored = 0;
      const writer = new FeedbackWriter(client, {
        whenFull: "BLOCK",
        queueBytes: 16 << 20,
        onResult: (result) => {
          if (result.outcome === "STORED") stored++;
        },
      });
      for (let i = 0; i < RECORDS; i++) await writer.add(record(turn, i), i);
      await writer.close(60_000);
      return stored;
    };
  },
};

async function startServer(folder) {
  const server = spawn(
    process.env.EMPTYCHAIR_SERVER,
    [
      `--data=${join(folder, "data")}`,
      "--listen=127.0.0.1:0",
      "--http_listen=off",
      `--access_log=${join(folder, "log")}`,
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const [line] = await once(createInterface(server.stdout), "line");
  return { server, endpoint: line.replace("listening on ", "") };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = mkdtempSync(join(tmpdir(), "emptychair-bench-"));
const { server, endpoint } = await startServer(folder);
try {
  const client = new Client({ endpoint, timeout: 60_000 });
  await client.createSurvey({ surveyId: "checkout", kind: "NPS", dimensions: ["channel"] });
  const figures = Object.fromEntries(Object.keys(WAYS).map((way) => [way, { rate: [], cpu: [] }]));
  for (let turn = -1; turn < TURNS; turn++) {
    for (const [way, prepare] of Object.entries(WAYS)) {
      const run = await prepare(client, `${way}-${turn}`);
      globalThis.gc?.();
      const cpu = process.cpuUsage();
      const start = performance.now();
      const stored = await run();
      const seconds = (performance.now() - start) / 1000;
      const used = process.cpuUsage(cpu);
      if (stored !== RECORDS)
        throw new Error(`${way}: ${stored} of ${RECORDS} records were stored`);
      // The first turn is for the compiler.
      if (turn < 0) continue;
      figures[way].rate.push(RECORDS / seconds);
      figures[way].cpu.push((used.user + used.system) / RECORDS);
    }
  }
  const of = (way, figure) => median(figures[way][figure]);
  for (const way of Object.keys(WAYS)) {
    const all = figures[way].cpu.map((value) => value.toFixed(2)).join(" ");
    console.log(
      `${way.padEnd(9)} ${Math.round(of(way, "rate")).toString().padStart(7)} records/s  ` +
        `${of(way, "cpu").toFixed(2)} us CPU/record (${all})`,
    );
  }
  const ratio = (figure, to) => (of("writer", figure) / of(to, figure)).toFixed(2);
  console.log(`writer / ready, records per second: ${ratio("rate", "ready")}`);
  console.log(`writer / building, CPU per record: ${ratio("cpu", "building")}`);
} finally {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
