// The client: a method for every method of the API.
import type { Message } from "@bufbuild/protobuf";
import { type Client as Stub, createClient } from "@connectrpc/connect";
import { BatchUpload } from "./batch_upload.js";
import type { Batches, CallOptions } from "./calls.js";
import { Connection } from "./net/connection.js";
import { answerOf } from "./message/decode.js";
import { type EmptyChairError, fieldError } from "./errors.js";
import { ruleOf } from "./message/fields.js";
import type { ClientMethods } from "./gen/api.js";
import { methodShapes, services } from "./gen/methods.js";
import { listOf } from "./lists.js";
import { checkTimeout, type ClientOptions, settingsOf } from "./net/options.js";
import { explainClock } from "./message/record.js";
import { argumentsOf, requestOf } from "./message/requests.js";
import { answersOf, streamOf } from "./net/server_stream.js";
import type { MethodShape } from "./message/shapes.js";
import { StubTransport } from "./net/stub_transport.js";
import { describe } from "./message/times.js";
import { Watch } from "./watch.js";

/** The services as the generator of stubs makes them, by their names. */
export type Stubs = { readonly [name in keyof typeof services]: Stub<(typeof services)[name]> };

export interface Client extends ClientMethods {}

/**
 * Calls the service. Each method checks what it is given, sends it, again if need be, and answers
 * with plain objects; wrong input is an `InvalidArgument` before anything is sent. One for the
 * whole process is enough: its calls share a connection, which is made when it is needed.
 *
 * Methods, fields and values of enums are those of the API, in camel case. A request of a survey
 * can be given as its id and the rest, and one of a single resource as that: `getSurvey("nps")`,
 * `submitFeedback({ surveyId: "nps", score: 9 })`.
 *
 * A call is sent again, until its timeout, after UNAVAILABLE and after RESOURCE_EXHAUSTED that says
 * when to come back, unless the API says that it must not be repeated (`createKey`, `rotateKey`,
 * `deleteSurvey`). A record without `feedbackId` and `externalId` gets a new feedbackId, the same
 * in all attempts of the call; set one of the two to send a record again yourself.
 */
export class Client {
  /** @internal For the writer. */
  readonly connection: Connection;
  /**
   * The generated stubs over the same connection and with the same key: single pages of lists,
   * messages as they are, no check of input and no retry.
   */
  readonly stubs: Stubs;

  /** Errors: `InvalidArgument` with the option's name; also for a key that cannot be read. */
  constructor(options: ClientOptions = {}) {
    this.connection = new Connection(settingsOf(options));
    const transport = new StubTransport(this.connection);
    this.stubs = Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, createClient(service, transport)]),
    ) as unknown as Stubs;
  }

  /**
   * Ends the connection, and calls that are under way with UNAVAILABLE. A writer is closed first.
   */
  close(): void {
    this.connection.close();
  }
}

function optionsOf(given: unknown): CallOptions {
  if (given === undefined) return {};
  const isObject = typeof given === "object" && given !== null;
  const unknown = isObject ? Object.keys(given).find((key) => !/^(signal|timeout)$/.test(key)) : "";
  if (unknown !== undefined) {
    throw fieldError(
      "FIELD_INVALID",
      unknown || "options",
      `got ${describe(isObject ? unknown : given)}, wanted an object of signal and timeout`,
    );
  }
  const { timeout } = given as CallOptions;
  if (timeout !== undefined) checkTimeout(timeout);
  return given as CallOptions;
}

async function callUnary(
  { connection }: Client,
  { method }: MethodShape,
  message: Message,
  options: CallOptions,
): Promise<object> {
  try {
    return answerOf(ruleOf(method.output), await connection.unary(method, message, options));
  } catch (error) {
    throw explainClock(error as EmptyChairError);
  }
}

function call(client: Client, shape: MethodShape, args: readonly unknown[]): unknown {
  const { connection } = client;
  const { settings } = connection;
  if (shape.shape === "batches") {
    const options = optionsOf(args[1]);
    const batches = args[0] as Batches<unknown>;
    return streamOf(() => new BatchUpload(connection, shape, batches, options).run());
  }
  const { input, options: given } = argumentsOf(shape, args);
  const options = optionsOf(given);
  const request = requestOf(shape, input, settings.now);
  switch (shape.shape) {
    case "list":
      return listOf(connection, shape, request, options);
    case "watch":
      return new Watch(connection, request, options);
    case "stream": {
      const { method } = shape;
      const rule = ruleOf(method.output);
      const answer = (message: Message) => answerOf(rule, message);
      return streamOf(() => answersOf(connection, method, request, answer, options));
    }
    default:
      return callUnary(client, shape, request, options);
  }
}

for (const shape of methodShapes) {
  Object.defineProperty(Client.prototype, shape.method.localName, {
    // What a promise is expected of rejects it; a loop is entered after its arguments were checked.
    value:
      shape.shape === "unary"
        ? async function (this: Client, ...args: unknown[]) {
            return call(this, shape, args);
          }
        : function (this: Client, ...args: unknown[]) {
            return call(this, shape, args);
          },
    writable: true,
    configurable: true,
  });
}
