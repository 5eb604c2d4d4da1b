// Stores one answer and asks what all answers mean: node first_record.mjs HOST:PORT PROTOS
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [endpoint, protos] = process.argv.slice(2);
const files = ["emptychair/v1/feedback_service.proto", "emptychair/v1/metrics_service.proto"];
// Else an int64 is an object, an enum is a number.
const definition = loadSync(files, { includeDirs: [protos], longs: Number, enums: String });
const api = grpc.loadPackageDefinition(definition).emptychair.v1;

const retries = {
  methodConfig: [
    {
      name: [
        { service: "emptychair.v1.FeedbackService" },
        { service: "emptychair.v1.MetricsService" },
      ],
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: "0.1s",
        maxBackoff: "2s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
      },
    },
  ],
};
const options = { "grpc.service_config": JSON.stringify(retries) };
const plain = grpc.credentials.createInsecure();
const feedback = new api.FeedbackService(endpoint, plain, options);
const metrics = new api.MetricsService(endpoint, plain, options);

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, { deadline: Date.now() + 10_000 }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

const stored = await call(feedback, "SubmitFeedback", {
  feedback: {
    surveyId: "checkout",
    externalId: "order-1001",
    score: 9,
    labels: { channel: "web" },
  },
});
const metric = await call(metrics, "QueryMetric", { surveyIds: ["checkout"] });
const nps = metric.total.points[0]; // `value` is not there where there is no answer.
// Nor is what is false, 0 or empty.
console.log(
  `stored before: ${stored.alreadyExisted ?? false}; NPS ${nps.value} from ${nps.answers} answers`,
);
feedback.close();
metrics.close();
