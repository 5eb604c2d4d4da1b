// The connection to one endpoint.
import { readFileSync } from "node:fs";
import * as net from "node:net";
import * as tls from "node:tls";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { fieldError } from "../errors.js";
import { addressOf, type Tls } from "./options.js";

// An answer with 10,000 points and as many groups stays below.
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

// A server that cannot be reached is reported within 2 s, also where nothing refuses the
// connection.
const CONNECT_MS_MAX = 1500;

// A connection over which nothing comes is tried after so long; the server ends one that is tried
// more often than every 10 s.
const PING_INTERVAL_MS = 30_000;

// How long an answer to that is waited for: less than a call may take, so that it is sent again over
// another connection.
const PING_TIMEOUT_MS = 5000;

// What an answer may send ahead of being read.
const WINDOW_BYTES = 1 << 20;

/** Files of TLS, read. */
export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly serverName: string | undefined;
}

/** Reads the files of `credentials`. Errors: FIELD_INVALID with the option's name. */
export function readTls(credentials: Tls): TlsMaterial {
  const read = (option: string, path: string | undefined): Buffer | undefined => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw fieldError("FIELD_INVALID", `credentials.${option}`, `cannot be read: ${why}`);
    }
  };
  const material = {
    ca: read("caFile", credentials.caFile),
    cert: read("certificateFile", credentials.certificateFile),
    key: read("keyFile", credentials.keyFile),
    serverName: credentials.serverName,
  };
  try {
    tls.createSecureContext({ ca: material.ca, cert: material.cert, key: material.key });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fieldError("FIELD_INVALID", "credentials", `are not usable: ${why}`);
  }
  return material;
}

/** One endpoint: its transport, and whether it keeps the process alive. */
export class Endpoint {
  readonly transport: Transport;
  private readonly endpoint: string;
  private readonly material: TlsMaterial | undefined;
  private readonly sessions: Http2SessionManager;
  private socket: net.Socket | undefined;
  private isHeld = false;

  constructor(endpoint: string, material: TlsMaterial | undefined) {
    this.endpoint = endpoint;
    this.material = material;
    const address = addressOf(endpoint);
    const authority =
      "path" in address
        ? "localhost"
        : `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    const baseUrl = `${material === undefined ? "http" : "https"}://${authority}`;
    this.sessions = new Http2SessionManager(
      baseUrl,
      { pingIntervalMs: PING_INTERVAL_MS, pingTimeoutMs: PING_TIMEOUT_MS },
      {
        createConnection: () => this.connect(),
        settings: { initialWindowSize: WINDOW_BYTES },
      },
    );
    this.transport = createGrpcTransport({
      baseUrl,
      sessionManager: this.sessions,
      // The server has no other.
      acceptCompression: [],
      readMaxBytes: MESSAGE_BYTES_MAX,
      writeMaxBytes: MESSAGE_BYTES_MAX,
    });
  }

  /**
   * Whether the process waits for this connection. Connect lets go of one without a stream; a
   * stream that is open and has nothing to do must not hold it either.
   */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (isHeld) {
      this.socket?.ref();
    } else {
      this.socket?.unref();
    }
  }

  /** Ends the connection and what runs over it. */
  close(): void {
    this.sessions.abort();
  }

  private connect(): net.Socket {
    const socket = this.open();
    const timer = setTimeout(() => {
      const error: NodeJS.ErrnoException = new Error(
        `connecting to ${this.endpoint} took more than ${CONNECT_MS_MAX} ms`,
      );
      error.code = "ETIMEDOUT";
      socket.destroy(error);
    }, CONNECT_MS_MAX);
    const stop = () => clearTimeout(timer);
    socket.once(this.material === undefined ? "connect" : "secureConnect", () => {
      stop();
      // While it is being made, somebody waits for it.
      if (!this.isHeld && this.socket === socket) socket.unref();
    });
    socket.once("close", stop);
    this.socket = socket;
    return socket;
  }

  private open(): net.Socket {
    const address = addressOf(this.endpoint);
    if (this.material === undefined) return net.connect({ ...address, noDelay: true });
    const { ca, cert, key, serverName } = this.material;
    const name = serverName ?? ("host" in address ? address.host : "localhost");
    return tls.connect({
      ...address,
      ca,
      cert,
      key,
      // An address is no name that a server could choose its certificate by.
      ...(net.isIP(name) === 0 ? { servername: name } : {}),
      ...(serverName === undefined
        ? {}
        : { checkServerIdentity: (_, peer) => tls.checkServerIdentity(serverName, peer) }),
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.2",
    });
  }
}
