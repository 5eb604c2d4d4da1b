// Who the client is to the server: keys, sockets, encryption, and what the environment says.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Client,
  FeedbackWriter,
  InvalidArgument,
  Unauthenticated,
  Unavailable,
} from "@emptychair/client";
import { temporaryFolder } from "./folders.mjs";
import { Server } from "./server.mjs";

function clientOf(t, options) {
  const client = new Client({ environment: {}, timeout: 60_000, ...options });
  t.after(() => client.close());
  return client;
}

describe("keys", () => {
  test("are sent, read again once they are refused, and told to nobody", async (t) => {
    const server = await Server.start(t, ["--anonymous=none"]);
    // The admin socket, which needs no key.
    const admin = clientOf(t, { endpoint: `unix:${join(server.folder, "data", "admin.sock")}` });
    assert.equal((await admin.getCaller()).kind, "ADMIN_SOCKET");
    const make = async (name) => admin.createKey({ name, role: "ADMIN", allSurveys: true });
    const first = await make("first");
    const second = await make("second");

    const anonymous = clientOf(t, { endpoint: server.endpoint });
    await assert.rejects(anonymous.getCaller(), (error) => {
      assert(error instanceof Unauthenticated);
      assert.equal(error.reason, "KEY_REQUIRED");
      assert.equal(error.attempts, 1);
      return true;
    });

    const path = join(temporaryFolder(t), "key");
    writeFileSync(path, `${first.keyText}\n`);
    const client = clientOf(t, { endpoint: server.endpoint, apiKeyFile: path });
    assert.equal((await client.getCaller()).key.name, "first");
    assert.equal((await client.stubs.AccessService.getCaller({})).key.name, "first");

    await admin.revokeKey({ keyId: first.key.keyId });
    await assert.rejects(client.getCaller(), (error) => {
      assert.equal(error.reason, "KEY_REVOKED");
      assert.equal(error.attempts, 1);
      assert(!JSON.stringify(error).includes(first.keyText));
      return true;
    });
    writeFileSync(path, `${second.keyText}\n`);
    assert.equal((await client.getCaller()).key.name, "second");

    await admin.revokeKey({ keyId: second.key.keyId });
    const third = await make("third");
    writeFileSync(path, third.keyText);
    const watch = client.watchFeedback({ afterSequence: 0n })[Symbol.asyncIterator]();
    const next = watch.next();
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    await client.submitFeedback({ surveyId: "nps", score: 1 });
    assert.equal((await next).value.changes[0].kind, "CREATED");
    await watch.return();

    const source = clientOf(t, {
      endpoint: server.endpoint,
      apiKeySource: async () => third.keyText,
    });
    assert.equal((await source.getCaller()).key.name, "third");
  });

  test("are not sent in plain text to another machine", (t) => {
    const path = join(temporaryFolder(t), "key");
    writeFileSync(path, "eck_secret");
    const remote = { endpoint: "192.0.2.1:7443", apiKeyFile: path, environment: {} };
    assert.throws(
      () => new Client(remote),
      (error) => {
        assert(error instanceof InvalidArgument);
        assert.equal(error.metadata.field, "credentials");
        assert(!String(error).includes("eck_secret"));
        return true;
      },
    );
    assert.throws(() => new Client({ ...remote, endpoint: ["127.0.0.1:1", "shop.example:1"] }));
    for (const options of [
      { allowKeyInPlainText: true },
      { credentials: {} },
      { endpoint: "127.8.8.8:1" },
      { endpoint: "localhost:1" },
      { endpoint: "[::1]:1" },
      { endpoint: "unix:/run/emptychair.sock" },
    ]) {
      new Client({ ...remote, ...options }).close();
    }
  });

  test("that cannot be read are an error at once", (t) => {
    const folder = temporaryFolder(t);
    for (const [name, text] of [
      ["empty", ""],
      ["two", "eck_a eck_b"],
      ["long", "e".repeat(300)],
    ]) {
      writeFileSync(join(folder, name), text);
      assert.throws(() => new Client({ apiKeyFile: join(folder, name) }), /holds no key/);
    }
    assert.throws(
      () => new Client({ apiKeyFile: join(folder, "none") }),
      /apiKeyFile: .*cannot be read/,
    );
  });
});

describe("encryption", () => {
  const openssl = (folder, ...args) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

  // A certificate for a name, made by itself.
  function certificate(folder, name, san) {
    openssl(
      folder,
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-addext",
      `subjectAltName=${san}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
    );
    return { caFile: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  }

  test("takes servers whose certificate it was told of, under the name in it", async (t) => {
    const folder = temporaryFolder(t);
    const own = certificate(folder, "server", "DNS:feedback.example.org,IP:127.0.0.1");
    const other = certificate(folder, "other", "IP:127.0.0.1");
    const caller = certificate(folder, "caller", "DNS:caller.example.org");
    const server = await Server.start(t, [
      `--tls_certificate=${own.caFile}`,
      `--tls_key=${own.key}`,
      `--tls_client_ca=${caller.caFile}`,
      "--anonymous=admin",
    ]);
    const { endpoint } = server;
    const good = { caFile: own.caFile };
    // Time passes by waiting alone, so that what fails fails soon.
    const status = (credentials) => {
      let now = 0;
      const sleep = async (ms) => {
        now += ms;
      };
      const times = { timeout: 60_000, now: () => now, sleep, jitter: () => 1 };
      return clientOf(t, { endpoint, credentials, ...times }).getCaller();
    };
    assert.equal((await status(good)).kind, "ANONYMOUS");
    assert.equal((await status({ ...good, serverName: "feedback.example.org" })).kind, "ANONYMOUS");
    const mine = { certificateFile: caller.caFile, keyFile: caller.key };
    await assert.rejects(status({ ...good, ...mine }), { reason: "CERTIFICATE_UNKNOWN" });
    await assert.rejects(status({ caFile: other.caFile }), Unavailable);
    await assert.rejects(status({}), Unavailable);
    await assert.rejects(status({ ...good, serverName: "other.example.org" }), Unavailable);
    await assert.rejects(status("PLAIN_TEXT"), Unavailable);
  });

  test("carries the key of calls, watches and writers", async (t) => {
    const folder = temporaryFolder(t);
    const own = certificate(folder, "server", "DNS:feedback.example.org,IP:127.0.0.1");
    const server = await Server.start(t, [
      `--tls_certificate=${own.caFile}`,
      `--tls_key=${own.key}`,
      "--anonymous=none",
    ]);
    const admin = clientOf(t, { endpoint: `unix:${join(server.folder, "data", "admin.sock")}` });
    const make = async (name) => {
      const made = await admin.createKey({ name, role: "ADMIN", allSurveys: true });
      writeFileSync(apiKeyFile, `${made.keyText}\n`);
      return made.key;
    };
    const apiKeyFile = join(folder, "key");
    const first = await make("first");
    const credentials = { caFile: own.caFile };
    const client = clientOf(t, { endpoint: server.endpoint, credentials, apiKeyFile });
    assert.equal((await client.getCaller()).key.name, "first");
    await client.createSurvey({ surveyId: "nps", kind: "NPS" });
    const watch = client.watchFeedback({ afterSequence: 0n })[Symbol.asyncIterator]();
    const writer = new FeedbackWriter(client);
    for (const externalId of ["a", "b"]) {
      writer.add({ surveyId: "nps", externalId, score: 9 });
      await writer.flush(60_000);
      assert.equal((await watch.next()).value.changes[0].feedback.externalId, externalId);
      // The key is rotated while the writer's stream is open.
      if (externalId === "a") {
        await make("second");
        await admin.revokeKey({ keyId: first.keyId });
      }
    }
    await watch.return();
    await writer.close(60_000);
    assert.equal((await client.getCaller()).key.name, "second");
    const anonymous = clientOf(t, { endpoint: server.endpoint, credentials });
    await assert.rejects(anonymous.getCaller(), { reason: "KEY_REQUIRED" });
  });

  test("wants files that are there and belong together", (t) => {
    const folder = temporaryFolder(t);
    const { caFile, key } = certificate(folder, "a", "DNS:a");
    const { key: otherKey } = certificate(folder, "b", "DNS:b");
    const make = (credentials) => new Client({ environment: {}, credentials });
    assert.throws(() => make({ caFile: "/none" }), { metadata: { field: "credentials.caFile" } });
    assert.throws(() => make({ certificateFile: caFile }), { reason: "FIELD_REQUIRED" });
    assert.throws(() => make({ keyFile: key }), {
      metadata: { field: "credentials.certificateFile" },
    });
    assert.throws(() => make({ certificateFile: caFile, keyFile: otherKey }), InvalidArgument);
    assert.throws(() => make("TLS"), InvalidArgument);
  });
});

describe("options", () => {
  test("come from the environment where they are not given", async (t) => {
    const server = await Server.start(t, ["--anonymous=none"]);
    const socket = join(server.folder, "data", "admin.sock");
    const fromSocket = clientOf(t, { environment: { EMPTYCHAIR_ENDPOINT: `unix:${socket}` } });
    const { keyText } = await fromSocket.createKey({
      name: "a",
      role: "ANALYST",
      allSurveys: true,
    });
    const path = join(server.folder, "key");
    writeFileSync(path, keyText);
    const environment = {
      EMPTYCHAIR_ENDPOINT: server.endpoint,
      EMPTYCHAIR_KEY_FILE: path,
      EMPTYCHAIR_TIMEOUT: "1m30s",
    };
    const client = clientOf(t, { environment, timeout: undefined });
    assert.equal((await client.getCaller()).role, "ANALYST");
    assert.equal(client.connection.settings.timeout, 90_000);
    assert.equal(clientOf(t, { environment, timeout: 5 }).connection.settings.timeout, 5);
    for (const [name, value] of [
      ["TIMEOUT", "10"],
      ["TIMEOUT", "48h"],
      ["TLS", "maybe"],
      ["ENDPOINT", "7443"],
      ["CERT_FILE", "a"],
    ]) {
      assert.throws(
        () =>
          new Client({ environment: { EMPTYCHAIR_TLS: "true", [`EMPTYCHAIR_${name}`]: value } }),
        InvalidArgument,
        name,
      );
    }
  });

  test("that are none are an error, and endpoints have two forms", () => {
    assert.throws(() => new Client({ endpont: "a:1" }), /endpont: is no option/);
    for (const endpoint of [
      "",
      "host",
      ":1",
      "host:0",
      "host:65536",
      "a b:1",
      "http://a:1",
      "unix:",
      [],
      ["a:1", 5],
      `unix:${"a".repeat(108)}`,
      "::1:80",
    ]) {
      assert.throws(
        () => new Client({ environment: {}, endpoint }),
        InvalidArgument,
        String(endpoint),
      );
    }
    for (const timeout of [0, -1, Number.NaN, "10", 86_400_001]) {
      assert.throws(() => new Client({ environment: {}, timeout }), InvalidArgument);
    }
    for (const endpoint of ["host:1", "[::1]:65535", "unix:/a", ["a:1", "b:2"]]) {
      new Client({ environment: {}, endpoint }).close();
    }
  });
});

test("the list of what the package exports is what a user needs", async () => {
  const all = Object.keys(await import("@emptychair/client")).sort();
  assert.deepEqual(all, [
    "AlreadyExists",
    "Client",
    "EmptyChairError",
    "FeedbackWriter",
    "InvalidArgument",
    "NotFound",
    "Unauthenticated",
    "Unavailable",
    "Watch",
    "after",
    "newFeedbackId",
    "parsePosition",
    "positionText",
  ]);
  const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(exports), [".", "./testing", "./package.json"]);
});
