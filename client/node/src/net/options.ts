// Options of a client: endpoint, credentials, deadline, retries.
import { setTimeout as delay } from "node:timers/promises";
import { type Environment, fromEnvironment } from "./environment.js";
import { type EmptyChairError, fieldError } from "../errors.js";
import { describe } from "../message/times.js";

/** Encryption by TLS 1.2 or later. The files are PEM, and read when the client is made. */
export interface Tls {
  /** Certificates of who may have issued the server's. Absent: those that Node trusts. */
  readonly caFile?: string | undefined;
  /**
   * The client's certificate, followed by those that issued it; together with `keyFile`, or
   * neither.
   */
  readonly certificateFile?: string | undefined;
  /** Its key, which has no passphrase. */
  readonly keyFile?: string | undefined;
  /** The name that the server's certificate must have. Absent: the endpoint's host. */
  readonly serverName?: string | undefined;
}

/** What is not given comes from the environment, as for chairctl, else from the defaults. */
export interface ClientOptions {
  /**
   * The server's address, `HOST:PORT`, with an IPv6 address in brackets, or `unix:PATH`. Of several
   * the first is called, and after it could not be reached the next. Environment:
   * `EMPTYCHAIR_ENDPOINT`. Default: `127.0.0.1:7443`.
   */
  readonly endpoint?: string | readonly string[] | undefined;
  /**
   * Milliseconds that a call may take from its start to its answer, all attempts and the waiting
   * between them included: more than 0, at most 24 h. Of a watch and of an upload: the longest
   * interruption. Other streams, as of `verifyStore`, are bounded only by a timeout of their own.
   * Environment: `EMPTYCHAIR_TIMEOUT`, as `10s`. Default: 10,000.
   */
  readonly timeout?: number | undefined;
  /**
   * `"PLAIN_TEXT"`: no encryption. Environment: `EMPTYCHAIR_TLS`, and `EMPTYCHAIR_CA_FILE`,
   * `EMPTYCHAIR_CERT_FILE`, `EMPTYCHAIR_CERT_KEY_FILE`, `EMPTYCHAIR_SERVER_NAME`.
   */
  readonly credentials?: "PLAIN_TEXT" | Tls | undefined;
  /**
   * A file with the API key that every call sends, `eck_…` and at most a line end behind it. Read
   * when the client is made, and once more when the server says UNAUTHENTICATED: when the file has
   * another key by then, as after a rotation, the call is sent once more with that. Environment:
   * `EMPTYCHAIR_KEY_FILE`.
   */
  readonly apiKeyFile?: string | undefined;
  /**
   * Gives the key in place of a file, for programs that keep it elsewhere. First called by a call.
   */
  readonly apiKeySource?: (() => string | Promise<string>) | undefined;
  /**
   * Whether the key may be sent in plain text to an endpoint that is neither loopback nor a Unix
   * socket. Who reads along on the way can then do all that the key may do.
   */
  readonly allowKeyInPlainText?: boolean | undefined;
  /**
   * Gives the W3C `traceparent` of the trace that the caller is in, for the server's logs. Called
   * for each attempt. A text of another form is not sent.
   */
  readonly traceparent?: (() => string | undefined) | undefined;
  /** Where settings are looked up that are not given here. Default: `process.env`. */
  readonly environment?: Environment | undefined;
  /** Clock in milliseconds since 1970, sleep and jitter (0 to 1) of retries, for tests. */
  readonly now?: (() => number) | undefined;
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  readonly jitter?: (() => number) | undefined;
}

/** The same, whole and checked. */
export interface Settings {
  readonly endpoints: readonly string[];
  readonly timeout: number;
  readonly tls: Tls | undefined;
  readonly apiKeyFile: string | undefined;
  readonly apiKeySource: (() => string | Promise<string>) | undefined;
  readonly traceparent: (() => string | undefined) | undefined;
  readonly now: () => number;
  /** Milliseconds that a clock which is set does not change. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly jitter: () => number;
}

const TIMEOUT_MAX = 24 * 3600 * 1000;
const SOCKET_PATH_BYTES_MAX = 107;
const OPTIONS = [
  "endpoint",
  "timeout",
  "credentials",
  "apiKeyFile",
  "apiKeySource",
  "allowKeyInPlainText",
  "traceparent",
  "environment",
  "now",
  "sleep",
  "jitter",
];

const invalid = (option: string, description: string): EmptyChairError =>
  fieldError("FIELD_INVALID", option, description);

/**
 * Fills in the options and checks them. Errors: FIELD_INVALID, FIELD_REQUIRED, with the option's
 * name.
 */
export function settingsOf(options: ClientOptions): Settings {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) {
      throw invalid(name, `is no option of a client; there are ${OPTIONS.join(", ")}`);
    }
  }
  const found = fromEnvironment(options.environment ?? process.env);
  const endpoint = options.endpoint ?? found.endpoint ?? "127.0.0.1:7443";
  const endpoints = typeof endpoint === "string" ? [endpoint] : [...endpoint];
  if (endpoints.length === 0) throw invalid("endpoint", "is an empty list, wanted one or more");
  endpoints.forEach(checkEndpoint);
  const timeout = options.timeout ?? found.timeout ?? 10_000;
  checkTimeout(timeout);
  const credentials = options.credentials ?? found.tls ?? "PLAIN_TEXT";
  const tls = credentials === "PLAIN_TEXT" ? undefined : credentials;
  if (tls !== undefined) checkTls(tls);
  const { apiKeySource } = options;
  const apiKeyFile = options.apiKeyFile ?? (apiKeySource === undefined ? found.keyFile : undefined);
  if (apiKeyFile !== undefined && apiKeySource !== undefined) {
    throw invalid("apiKeyFile", "is given beside apiKeySource; wanted one of them");
  }
  const hasKey = apiKeyFile !== undefined || apiKeySource !== undefined;
  if (hasKey && tls === undefined && options.allowKeyInPlainText !== true) {
    endpoints.forEach(checkKeyIsSafe);
  }
  return {
    endpoints,
    timeout,
    tls,
    apiKeyFile,
    apiKeySource,
    traceparent: options.traceparent,
    now: options.now ?? Date.now,
    elapsed: options.now ?? (() => performance.now()),
    sleep: options.sleep ?? ((ms, signal) => delay(ms, undefined, signal && { signal })),
    jitter: options.jitter ?? Math.random,
  };
}

export function checkTimeout(timeout: number): void {
  if (typeof timeout !== "number" || !(timeout > 0 && timeout <= TIMEOUT_MAX)) {
    throw invalid(
      "timeout",
      `is ${describe(timeout)}; wanted milliseconds, more than 0 and at most ${TIMEOUT_MAX}`,
    );
  }
}

/** The path of a Unix socket, or host and port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

export function addressOf(endpoint: string): Address {
  if (endpoint.startsWith("unix:")) return { path: endpoint.slice("unix:".length) };
  const colon = endpoint.lastIndexOf(":");
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(endpoint.slice(colon + 1)) };
}

function checkEndpoint(endpoint: unknown): void {
  if (typeof endpoint === "string") {
    const address = addressOf(endpoint);
    if ("path" in address) {
      const bytes = Buffer.byteLength(address.path);
      if (bytes > 0 && bytes <= SOCKET_PATH_BYTES_MAX && !address.path.includes("\0")) return;
    } else if (/^(\[[0-9a-fA-F:.%\w]+\]|[^:[\]\s/]+):\d{1,5}$/.test(endpoint)) {
      if (address.port >= 1 && address.port <= 65535) return;
    }
  }
  throw invalid("endpoint", `is ${describe(endpoint)}; wanted HOST:PORT or unix:PATH`);
}

function checkTls(tls: Tls): void {
  if (typeof tls !== "object") {
    throw invalid("credentials", `is ${describe(tls)}; wanted "PLAIN_TEXT" or files of TLS`);
  }
  if ((tls.certificateFile === undefined) !== (tls.keyFile === undefined)) {
    const [missing, given] =
      tls.keyFile === undefined ? ["keyFile", "certificateFile"] : ["certificateFile", "keyFile"];
    throw fieldError(
      "FIELD_REQUIRED",
      `credentials.${missing}`,
      `is missing beside credentials.${given}; a client's certificate comes with its key`,
    );
  }
}

// Whether what is sent to the endpoint stays on this machine.
export function isLoopback(endpoint: string): boolean {
  const address = addressOf(endpoint);
  if ("path" in address) return true;
  const host = address.host.toLowerCase();
  return (
    host === "localhost" ||
    host === "::1" ||
    /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  );
}

function checkKeyIsSafe(endpoint: string): void {
  if (isLoopback(endpoint)) return;
  throw invalid(
    "credentials",
    `are plain text, and the key would go to ${describe(endpoint)} for all on the way to read; ` +
      "wanted files of TLS, or allowKeyInPlainText if the network in between is trusted",
  );
}
