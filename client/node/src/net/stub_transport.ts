// The connection for generated stubs, which send what they are given.
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { StreamResponse, Transport } from "@connectrpc/connect";
import type { Connection } from "./connection.js";

type Unary = Transport["unary"];
type Streaming = Transport["stream"];

/** Goes where the client's calls go, also after that has changed, and adds the key. */
export class StubTransport implements Transport {
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    ...[signal, timeout, header, input, context]: Rest<Unary>
  ) {
    this.connection.hold();
    try {
      const headers = await this.headers(header);
      const { transport } = this.connection;
      return await transport.unary(method, signal, timeout, headers, input as never, context);
    } finally {
      this.connection.letGo();
    }
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    ...[signal, timeout, header, input, context]: Rest<Streaming>
  ): Promise<StreamResponse<I, O>> {
    this.connection.hold();
    try {
      const headers = await this.headers(header);
      const { transport } = this.connection;
      const response = await transport.stream(
        method,
        signal,
        timeout,
        headers,
        input as never,
        context,
      );
      return { ...response, message: this.held(response.message) };
    } catch (error) {
      this.connection.letGo();
      throw error;
    }
  }

  private async headers(given: Rest<Unary>[2]): Promise<Headers> {
    const all = await this.connection.headers(this.connection.callKey());
    new Headers(given).forEach((value, name) => all.set(name, value));
    return all;
  }

  private async *held<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* messages;
    } finally {
      this.connection.letGo();
    }
  }
}

type Rest<F extends Unary | Streaming> = F extends (method: never, ...rest: infer R) => unknown
  ? R
  : never;
