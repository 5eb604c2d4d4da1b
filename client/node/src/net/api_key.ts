// The key that calls send.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fieldError } from "../errors.js";
import type { Settings } from "./options.js";

const KEY_BYTES_MAX = 256;
const VISIBLE = /^[\x21-\x7e]+$/;

// No error has what was read.
function parseKey(option: string, where: string, text: string): string {
  const key = typeof text === "string" ? text.trim() : "";
  if (key.length > KEY_BYTES_MAX || !VISIBLE.test(key)) {
    throw fieldError("FIELD_INVALID", option, `${where} holds no key; wanted eck_… on one line`);
  }
  return key;
}

function cannotRead(path: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return fieldError(
    "FIELD_INVALID",
    "apiKeyFile",
    `${JSON.stringify(path)} cannot be read: ${why}`,
  );
}

export class ApiKey {
  private readonly source: () => Promise<string>;
  private current: string | undefined;

  private constructor(source: () => Promise<string>, current: string | undefined) {
    this.source = source;
    this.current = current;
  }

  /**
   * The key that the settings name; undefined: none. A file is read at once. Error: FIELD_INVALID.
   */
  static of(settings: Settings): ApiKey | undefined {
    const { apiKeyFile: path, apiKeySource } = settings;
    if (path !== undefined) {
      const parse = (text: string) => parseKey("apiKeyFile", JSON.stringify(path), text);
      let text: string;
      try {
        text = readFileSync(path, "utf8");
      } catch (error) {
        throw cannotRead(path, error);
      }
      return new ApiKey(async () => parse(await readFile(path, "utf8")), parse(text));
    }
    if (apiKeySource !== undefined) {
      const read = async () => parseKey("apiKeySource", "what was given", await apiKeySource());
      return new ApiKey(read, undefined);
    }
    return undefined;
  }

  async text(): Promise<string> {
    this.current ??= await this.source();
    return this.current;
  }

  /** Reads the key again, and answers whether it is another one than `refused` now. */
  async renewAfter(refused: string): Promise<boolean> {
    try {
      this.current = await this.source();
    } catch {
      // The one from before stays.
    }
    return this.current !== refused;
  }
}

/** The key of one call, over its attempts: after a refusal it is read again, once. */
export class CallKey {
  private readonly key: ApiKey | undefined;
  private sent = "";
  private isRenewed = false;

  constructor(key: ApiKey | undefined) {
    this.key = key;
  }

  /** Something went well: a later refusal is another one. */
  begin(): void {
    this.isRenewed = false;
  }

  /** The value of the header `authorization` for the next attempt; undefined: it has none. */
  async authorization(): Promise<string | undefined> {
    if (this.key === undefined) return undefined;
    this.sent = await this.key.text();
    return `Bearer ${this.sent}`;
  }

  /** After UNAUTHENTICATED: whether there is another key to try. */
  async renew(): Promise<boolean> {
    if (this.key === undefined || this.isRenewed) return false;
    this.isRenewed = true;
    return this.key.renewAfter(this.sent);
  }
}
