// Settings that a client takes from the environment, as chairctl does.
import { fieldError } from "../errors.js";
import type { Tls } from "./options.js";

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentSettings {
  readonly endpoint: string | undefined;
  readonly timeout: number | undefined;
  readonly keyFile: string | undefined;
  readonly tls: Tls | undefined;
}

/** Reads the settings. Error: FIELD_INVALID with the variable's name. */
export function fromEnvironment(environment: Environment): EnvironmentSettings {
  // An empty variable is as good as none.
  const find = (name: string): string | undefined => environment[`EMPTYCHAIR_${name}`] || undefined;
  const timeout = find("TIMEOUT");
  return {
    endpoint: find("ENDPOINT"),
    timeout: timeout === undefined ? undefined : readDuration("EMPTYCHAIR_TIMEOUT", timeout),
    keyFile: find("KEY_FILE"),
    tls: readBool("EMPTYCHAIR_TLS", find("TLS"))
      ? {
          caFile: find("CA_FILE"),
          certificateFile: find("CERT_FILE"),
          keyFile: find("CERT_KEY_FILE"),
          serverName: find("SERVER_NAME"),
        }
      : undefined,
  };
}

function readBool(name: string, text: string | undefined): boolean {
  switch (text?.toLowerCase()) {
    case "true":
    case "1":
      return true;
    case undefined:
    case "false":
    case "0":
      return false;
    default:
      throw fieldError("FIELD_INVALID", name, `is ${JSON.stringify(text)}; wanted true or false`);
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

// Milliseconds of `10s`, `500ms`, `1m30s`.
function readDuration(name: string, text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw fieldError(
      "FIELD_INVALID",
      name,
      `is ${JSON.stringify(text)}; wanted a duration such as 10s or 500ms`,
    );
  }
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(number) * UNITS[unit!]!;
  }
  return sum;
}
