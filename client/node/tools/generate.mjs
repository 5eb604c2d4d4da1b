// Makes src/gen/ from the .proto files: messages by protoc-gen-es, and by protoc-gen-api the types
// of the client's own surface. Needs protoc in the PATH, or named by PROTOC.
//
//   node tools/generate.mjs [PROTOS_FOLDER]
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const protos = resolve(process.argv[2] ?? process.env.PROTOS ?? join(root, "../../protos"));
const out = join(root, "src/gen");

for (const made of [out, join(root, "dist")]) rmSync(made, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const files = ["emptychair/v1", "emptychair/testing/v1", "google/rpc"].flatMap((folder) =>
  readdirSync(join(protos, folder))
    .filter((name) => name.endsWith(".proto"))
    .sort()
    .map((name) => `${folder}/${name}`),
);
execFileSync(
  process.env.PROTOC ?? "protoc",
  [
    `-I${protos}`,
    `--plugin=protoc-gen-es=${join(root, "node_modules/.bin/protoc-gen-es")}`,
    `--es_out=${out}`,
    "--es_opt=target=ts,import_extension=js",
    `--plugin=protoc-gen-api=${join(root, "tools/protoc-gen-api.mjs")}`,
    `--api_out=${out}`,
    "--api_opt=target=ts,import_extension=js",
    ...files,
  ],
  { stdio: "inherit" },
);
