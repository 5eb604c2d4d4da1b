// The real server in a process of its own, and what stands between it and a client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "./folders.mjs";

const program = process.env.EMPTYCHAIR_SERVER;
if (program === undefined) throw new Error("EMPTYCHAIR_SERVER names no emptychaird");

/** A server on a port of its own, which it keeps over restarts. */
export class Server {
  #folder;
  #flags;
  #process;
  endpoint;

  static async start(t, flags = []) {
    const server = new Server();
    server.#folder = temporaryFolder(t);
    server.#flags = flags;
    t.after(() => server.kill());
    await server.start();
    return server;
  }

  get folder() {
    return this.#folder;
  }

  async start(data = "data") {
    const listen = this.endpoint ?? "127.0.0.1:0";
    this.#process = spawn(
      program,
      [
        `--data=${join(this.#folder, data)}`,
        `--listen=${listen}`,
        "--http_listen=off",
        `--access_log=${join(this.#folder, "access.log")}`,
        ...this.#flags,
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    this.#process.unref();
    const [line] = await once(createInterface(this.#process.stdout), "line");
    this.#process.stdout.unref?.();
    this.endpoint = line.replace("listening on ", "");
  }

  /** Ends it without a warning. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Ends it as an administrator does. */
  async stop() {
    await this.#end("SIGTERM");
  }

  async #end(signal) {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.ref();
    child.kill(signal);
    await ended;
  }
}

/** Passes on what comes until its connections are cut. */
export class Proxy {
  #server;
  #sockets = new Set();
  endpoint;

  static async start(t, target) {
    const proxy = new Proxy();
    const [host, port] = target.split(":");
    proxy.#server = net.createServer((socket) => {
      const other = net.connect({ host, port: Number(port) });
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ]) {
        proxy.#sockets.add(from);
        from.on("error", () => {});
        from.on("close", () => {
          proxy.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    t.after(() => {
      proxy.cut();
      proxy.#server.close();
    });
    proxy.endpoint = `127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  get connections() {
    return this.#sockets.size / 2;
  }

  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Waits until `isSo`, which is asked again and again; an error after so many milliseconds. */
export async function within(ms, isSo) {
  const end = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not so within ${ms} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
