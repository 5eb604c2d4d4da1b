// Times as the API has them: whole milliseconds.
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const MS_MIN = -62_135_596_800_000;
const MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since 1970 of a time in RFC 3339, further digits cut; undefined: it is none. */
export function parseTime(text: string): number | undefined {
  const found = RFC_3339.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] =
    found;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHour ?? 0) > 23 || Number(offsetMinute ?? 0) > 59) return undefined;
  const offset = (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0)) * 60_000;
  const millis = Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
  return (
    date.getTime() +
    ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 +
    millis -
    (sign === "-" ? -offset : offset)
  );
}

/** Reads a `Date` or a text in RFC 3339, or says what is wrong with it. */
export function readTime(value: unknown): { ms: number } | { fault: string } {
  let ms: number | undefined;
  if (value instanceof Date) {
    ms = value.getTime();
    if (Number.isNaN(ms)) return { fault: "got an invalid Date, wanted a time" };
  } else if (typeof value === "string") {
    ms = parseTime(value);
  }
  if (ms === undefined || ms < MS_MIN || ms > MS_MAX) {
    return {
      fault:
        `got ${describe(value)}, wanted a Date or text in RFC 3339 such as ` +
        '"2024-01-31T12:00:00Z"',
    };
  }
  if (ms === 0) {
    return {
      fault:
        "got exactly 1970-01-01T00:00:00Z, which is what a time that was never set says; wanted " +
        "the time meant, or the field left out",
    };
  }
  return { ms };
}

/** A value in an error: what it is, and of text and numbers as much as helps. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length <= 64 ? value : `${value.slice(0, 64)}…`);
    case "number":
    case "boolean":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "an array" : `a ${value.constructor?.name ?? "object"}`;
    default:
      return `a ${typeof value}`;
  }
}
