// Adds records to a writer with a spool, says the number of each, and goes on until it is killed.
//
//   spool_process.mjs ENDPOINT FOLDER FIRST
import { writeSync } from "node:fs";
import { Client, FeedbackWriter } from "@emptychair/client";

const [endpoint, spool, first] = process.argv.slice(2);
const client = new Client({ endpoint, environment: {} });
const writer = new FeedbackWriter(client, { spool, batchRecords: 20, linger: 1 });
for (let i = Number(first); ; i++) {
  writer.add({ surveyId: "nps", externalId: `e${i}`, score: i % 11 });
  writeSync(1, `${i}\n`);
  if (i % 10 === 9) await new Promise(setImmediate);
}
