// A real server for the tests of programs that use this package: `@emptychair/client/testing`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Client as Stub, createClient } from "@connectrpc/connect";
import { type Code, fieldError, numberOf } from "./errors.js";
import type { ClientMethods } from "./gen/api.js";
import { FakeService } from "./gen/emptychair/testing/v1/fake_service_pb.js";
import { methodShapes } from "./gen/methods.js";
import { describe, readTime } from "./message/times.js";
import { errorOfCall } from "./net/error_details.js";
import { Endpoint } from "./net/transport.js";

const PROGRAM = "emptychair-fake";

export interface FakeServerOptions {
  /** Where the server's clock stands until `setTime`. Default: the machine's time. */
  readonly time?: Date | string | undefined;
  /** The path of `emptychair-fake`. Default: the environment's EMPTYCHAIR_FAKE, else in PATH. */
  readonly program?: string | undefined;
}

/** Which calls fail, and how. */
export interface Failure {
  readonly code: Code;
  /**
   * A method of the client, or the full name of an RPC, as
   * "emptychair.v1.FeedbackService/SubmitFeedback". Default: every method.
   */
  readonly method?: keyof ClientMethods | `${string}/${string}` | undefined;
  /** How many calls fail. Default: 1. */
  readonly count?: number | undefined;
  /** The error's message. */
  readonly message?: string | undefined;
}

/**
 * Starts an `emptychair-fake`: Empty Chair itself with its store in memory, a clock that stands
 * still and a port of its own. It ends with `close`, or else with this process, which it does not
 * keep alive. Error: one that says so where there is no such program.
 *
 * @example
 * await using server = await startFakeServer();
 * const client = new Client({ endpoint: server.endpoint });
 */
export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const program = options.program ?? (process.env.EMPTYCHAIR_FAKE || PROGRAM);
  const args = ["--until-stdin-ends"];
  if (options.time !== undefined) {
    args.push(`--time=${new Date(millisOf(options.time)).toISOString()}`);
  }
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  // It may end while it is told to.
  child.stdin.on("error", () => {});
  try {
    const [listening, controlled] = await firstLines(child);
    const endpoint = addressIn(listening, "listening on ");
    const control = addressIn(controlled, "controlled on ");
    for (const one of [child, child.stdin, child.stdout]) {
      // Pipes are sockets, whose types Node does not say.
      (one as unknown as { unref(): void }).unref();
    }
    return new FakeServer(child, endpoint, new Endpoint(control, undefined));
  } catch (error) {
    child.kill();
    throw error;
  }
}

/** An `emptychair-fake` that runs. What it is asked is done when the promise is fulfilled. */
export class FakeServer {
  /** `HOST:PORT` for a client; the same over restarts. */
  readonly endpoint: string;
  private readonly child: ChildProcess;
  private readonly control: Endpoint;
  private readonly stub: Stub<typeof FakeService>;
  private closing: Promise<void> | undefined;

  /** @internal Use `startFakeServer`. */
  constructor(child: ChildProcess, endpoint: string, control: Endpoint) {
    this.child = child;
    this.endpoint = endpoint;
    this.control = control;
    this.stub = createClient(FakeService, control.transport);
  }

  /** Sets the server's clock, forwards or backwards; it stands there. */
  async setTime(time: Date | string): Promise<void> {
    const ms = millisOf(time);
    const seconds = Math.floor(ms / 1000);
    const nanos = (ms - seconds * 1000) * 1_000_000;
    await asked(this.stub.setTime({ time: { seconds: BigInt(seconds), nanos } }));
  }

  /**
   * Has the next calls fail before the server does anything. Each attempt of a client is a call; a
   * stream is one when it begins. Asking anew for the same method replaces what is left.
   */
  async failNext(failure: Failure): Promise<void> {
    const { code, method = "", count = 1, message = "" } = failure;
    const request = { code: numberOf(code), method: fullName(method), count, message };
    await asked(this.stub.failNext(request));
  }

  /** Cuts all connections, in the middle of what is under way, and answers how many there were. */
  async dropConnections(): Promise<number> {
    return (await asked(this.stub.dropConnections({}))).dropped;
  }

  /** Stops the server and starts it anew, with the same store, at the same endpoint. */
  async restart(): Promise<void> {
    await asked(this.stub.restart({}));
  }

  /** Ends the server; its store is gone. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  /** `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async end(): Promise<void> {
    const { child } = this;
    this.control.close();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.ref();
    child.stdin?.end();
    await ended;
  }
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw errorOfCall(thrown, 1, undefined);
  }
}

async function firstLines(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  const reader = createInterface(child.stdout!);
  const read = (async () => {
    for await (const line of reader) if (lines.push(line) === 2) break;
  })();
  // A program that is not there is an event of the child's.
  await Promise.race([
    read,
    once(child, "error").then(([error]) => {
      throw new Error(
        `${PROGRAM} cannot be run: ${(error as Error).message}; wanted its path as an option or ` +
          "in EMPTYCHAIR_FAKE, or it in PATH",
        { cause: error },
      );
    }),
  ]);
  return lines;
}

function addressIn(line: string | undefined, prefix: string): string {
  if (line?.startsWith(prefix)) return line.slice(prefix.length);
  throw new Error(`${PROGRAM} said ${JSON.stringify(line)}, wanted ${JSON.stringify(prefix)}`);
}

function millisOf(time: unknown): number {
  const read = readTime(time);
  if ("ms" in read) return read.ms;
  throw fieldError("FIELD_INVALID", "time", read.fault);
}

function fullName(method: string): string {
  if (method === "" || method.includes("/")) return method;
  const found = methodShapes.find((shape) => shape.method.localName === method);
  if (found !== undefined) return `${found.method.parent.typeName}/${found.method.name}`;
  const known = methodShapes.map((shape) => shape.method.localName).sort();
  throw fieldError(
    "FIELD_INVALID",
    "method",
    `got ${describe(method)}, wanted one of ${known.join(", ")}`,
  );
}
