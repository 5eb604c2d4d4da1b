// Loads many records from a file of JSON lines, as fast as the server takes them.
//
//   node bulk_load.mjs [FILE | --once]        --once: loads a thousand records of its own
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Client, FeedbackWriter } from "@emptychair/client";

async function* recordsOf(path) {
  let number = 0;
  for await (const line of createInterface(createReadStream(path))) {
    yield { line: ++number, record: JSON.parse(line) };
  }
}

function* recordsOfOurs() {
  for (let line = 1; line <= 1000; line++) {
    const occurTime = new Date(Date.UTC(2024, 0, 1) + line * 60_000);
    // The same id when the load is run again: nothing is stored twice.
    yield {
      line,
      record: { surveyId: "checkout", externalId: `load-${line}`, score: line % 11, occurTime },
    };
  }
}

const client = new Client();
const failures = [];
const writer = new FeedbackWriter(client, {
  // `add` waits for room, so that the file is read no faster than the server stores.
  whenFull: "BLOCK",
  blockTimeout: 600_000,
  onResult: ({ outcome, context, error }) => {
    if (outcome === "REJECTED") failures.push(`line ${context}: ${error}`);
  },
});
const [path = "--once"] = process.argv.slice(2);
for await (const { line, record } of path === "--once" ? recordsOfOurs() : recordsOf(path)) {
  try {
    await writer.add(record, line);
  } catch (error) {
    failures.push(`line ${line}: ${error}`);
  }
}
await writer.close(600_000);
client.close();
const { stored, alreadyExisted } = writer.counters();
console.log(`${stored} stored, ${alreadyExisted} were there, ${failures.length} refused`);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
