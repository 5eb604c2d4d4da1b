// What a user writes compiles, and has the types that it is said to have.
import {
  after,
  Client,
  EmptyChairError,
  type Feedback,
  type FeedbackInput,
  FeedbackWriter,
  InvalidArgument,
  type MetricValue,
  newFeedbackId,
  type QueryMetricResponse,
  type WriteResult,
} from "@emptychair/client";

import { type FakeServer, startFakeServer } from "@emptychair/client/testing";

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isTrue<T extends true>(): T | undefined {
  return undefined;
}

export async function use(client: Client): Promise<string> {
  const { survey } = await client.createSurvey({
    surveyId: "nps",
    kind: "NPS",
    dimensions: ["channel"],
  });
  if (survey === undefined) return "none";
  isTrue<Equal<typeof survey.archiveTime, Date | undefined>>();
  await client.updateSurvey({ survey: { ...survey, question: "Why?" }, updateMask: ["question"] });
  await client.getSurvey("nps", {}, { timeout: 500, signal: AbortSignal.timeout(100) });

  const record: FeedbackInput = {
    surveyId: "nps",
    feedbackId: newFeedbackId(new Date()),
    score: 9,
    labels: { channel: "web" },
    occurTime: "2024-01-31T12:00:00Z",
    exclusion: { reason: "EXCLUSION_REASON_TEST" },
  };
  const { feedback, alreadyExisted, sequence } = await client.submitFeedback(record);
  isTrue<Equal<typeof alreadyExisted, boolean>>();
  isTrue<Equal<typeof sequence, bigint>>();
  isTrue<Equal<Feedback["score"], number | undefined>>();
  await client.submitFeedback({ feedback: record, wantRecord: true });

  const metric: QueryMetricResponse = await client.queryMetric({
    surveyIds: ["nps"],
    granularity: "MONTH",
    interval: { startTime: new Date(2024, 0, 1) },
    filters: [{ key: "channel", values: ["web"] }],
  });
  const point: MetricValue | undefined = metric.total?.points[0];
  isTrue<Equal<MetricValue["value"], number | undefined>>();
  isTrue<Equal<MetricValue["answers"], number>>();

  const list = client.listFeedback("nps", { pageSize: 10, order: "OLDEST_FIRST" });
  for await (const one of list) isTrue<Equal<typeof one, Feedback>>();
  for await (const page of list.pages()) isTrue<Equal<typeof page.sequence, bigint>>();

  const watch = client.watchFeedback({ surveyIds: ["nps"], ...after("0") });
  for await (const { changes } of watch) {
    if (changes[0]?.kind === "SURVEY_DELETED") break;
  }
  for await (const { failures } of client.streamFeedback([{ feedback: [record] }])) {
    isTrue<Equal<(typeof failures)[0]["status"], EmptyChairError | undefined>>();
  }
  for await (const { summary } of client.verifyStore()) if (summary !== undefined) break;
  const { survey: raw } = await client.stubs.SurveyService.getSurvey({ surveyId: "nps" });
  return `${feedback?.feedbackId} ${point?.value?.toFixed(1)} ${watch.position} ${raw?.$typeName}`;
}

export async function write(client: Client): Promise<boolean> {
  const writer = new FeedbackWriter(client, {
    onResult: ({ outcome, context, error }: WriteResult<{ order: number }>) => {
      if (outcome === "REJECTED") console.error(context?.order, error?.reason);
    },
  });
  const isAdded: boolean = writer.add({ surveyId: "nps", score: 9 }, { order: 5 });
  const waiting = new FeedbackWriter(client, { whenFull: "BLOCK", spool: "/var/spool/emptychair" });
  const isTaken: boolean = await waiting.add({ surveyId: "nps" });
  await waiting.close(1000);
  return isAdded && isTaken && writer.counters().queuedRecords === 0;
}

export async function tryIt(): Promise<number> {
  const server: FakeServer = await startFakeServer({ time: new Date(2024, 0, 1) });
  const client = new Client({ endpoint: server.endpoint });
  await server.failNext({ code: "UNAVAILABLE", method: "submitFeedback", count: 2 });
  await server.failNext({ code: "INTERNAL", method: "emptychair.v1.SurveyService/GetSurvey" });
  await server.setTime("2024-01-31T12:00:00Z");
  await server.restart();
  const dropped: number = await server.dropConnections();
  client.close();
  await server.close();
  return dropped;
}

export function explain(error: unknown): string {
  if (error instanceof InvalidArgument)
    return error.fieldViolations.map(({ field }) => field).join();
  if (error instanceof EmptyChairError && error.reason === "SURVEY_NOT_FOUND") return error.code;
  return "";
}
