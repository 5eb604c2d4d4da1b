// What must not compile: each line that is marked has exactly one mistake. A mark without a mistake
// fails, too.
import { Client, FeedbackWriter } from "@emptychair/client";
import { type FakeServer, startFakeServer } from "@emptychair/client/testing";

declare const client: Client;
declare const writer: FeedbackWriter<number>;
declare const server: FakeServer;
declare const blocking: FeedbackWriter<number, "BLOCK">;

// @ts-expect-error a misspelt field of a record
client.submitFeedback({ surveyId: "nps", scoer: 9 });
// @ts-expect-error a misspelt field inside a request
client.submitFeedback({ feedback: { surveyId: "nps", scoer: 9 } });
// @ts-expect-error a field in the case of the API
client.submitFeedback({ survey_id: "nps" });
// @ts-expect-error a misspelt method
client.submitFeedbak({ surveyId: "nps" });
// @ts-expect-error text for a number
client.submitFeedback({ surveyId: "nps", score: "9" });
// @ts-expect-error null for absent
client.submitFeedback({ surveyId: "nps", score: null });
// @ts-expect-error a number as a label
client.submitFeedback({ surveyId: "nps", labels: { channel: 3 } });
// @ts-expect-error undefined as a label
client.submitFeedback({ surveyId: "nps", labels: { channel: undefined } });
// @ts-expect-error a Map as labels
client.submitFeedback({ surveyId: "nps", labels: new Map([["channel", "web"]]) });
// @ts-expect-error seconds for a time
client.submitFeedback({ surveyId: "nps", occurTime: 1706700000 });
// @ts-expect-error a value that the enum does not have
client.queryMetric({ surveyIds: ["nps"], granularity: "DAYS" });
// @ts-expect-error the number of a value
client.queryMetric({ surveyIds: ["nps"], granularity: 2 });
// @ts-expect-error text for a list
client.queryMetric({ surveyIds: "nps" });
// @ts-expect-error a number for a sequence
client.watchFeedback({ afterSequence: 5 });
// @ts-expect-error a misspelt option of a call
client.getStatus({}, { timout: 5 });
// @ts-expect-error a misspelt option of a client
new Client({ endpont: "127.0.0.1:7443" });
// @ts-expect-error a misspelt option of a writer
new FeedbackWriter(client, { batchRecord: 5 });
// @ts-expect-error a choice that there is not
new FeedbackWriter(client, { whenFull: "WAIT" });
// @ts-expect-error a misspelt field of a record in the writer
writer.add({ surveyId: "nps", scoer: 9 }, 1);
// @ts-expect-error a context of another type
writer.add({ surveyId: "nps" }, "one");
// @ts-expect-error with BLOCK it is a promise
export const isAdded: boolean = blocking.add({ surveyId: "nps" }, 1);

// @ts-expect-error a misspelt option of a fake server
startFakeServer({ tme: new Date() });
// @ts-expect-error a code that gRPC does not have
server.failNext({ code: "GONE" });
// @ts-expect-error a method that the client does not have
server.failNext({ code: "INTERNAL", method: "submitFeedbak" });
// @ts-expect-error a failure without its code
server.failNext({ method: "getSurvey" });
// @ts-expect-error seconds for a time
server.setTime(1706700000);

export async function read(): Promise<void> {
  const { survey } = await client.getSurvey("nps");
  // @ts-expect-error it can be absent
  survey.surveyId;
  // @ts-expect-error a misspelt field of an answer
  survey?.survey_id;
  const metric = await client.queryMetric({ surveyIds: ["nps"] });
  // @ts-expect-error a value can be absent
  const value: number = metric.total?.points[0]?.value;
  // @ts-expect-error a sequence is a bigint
  const sequence: number = metric.sequence;
  return console.log(value, sequence);
}
