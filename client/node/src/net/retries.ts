// Whether and when a call that failed is sent again.
import type { CallKey } from "./api_key.js";
import { type EmptyChairError, isRetryable } from "../errors.js";
import type { Settings } from "./options.js";

const WAIT_MIN = 100;
const WAIT_MAX = 2000;

/**
 * Milliseconds to wait after `error`, the n-th failure in a row from 0 on: a share of 100 ms,
 * doubled up to 2 s, so that callers that failed together do not come back together, on top of what
 * the server asks for. `jitter` is from 0 to 1.
 */
export function waitAfter(error: EmptyChairError, failures: number, jitter: number): number {
  return (error.retryDelay ?? 0) + jitter * Math.min(WAIT_MIN * 2 ** failures, WAIT_MAX);
}

/** The failures since something last went well. */
export class Retries {
  private readonly settings: Settings;
  private readonly key: CallKey;
  private readonly timeout: number;
  private since: number | undefined;
  private failures = 0;

  constructor(settings: Settings, key: CallKey, timeout = settings.timeout) {
    this.settings = settings;
    this.key = key;
    this.timeout = timeout;
  }

  /** Time counts from now, and the next failure is the first again. */
  begin(): void {
    this.forgetUntilFailure();
    this.since = this.settings.elapsed();
  }

  /** As `begin`, but time counts from that failure on. */
  forgetUntilFailure(): void {
    this.since = undefined;
    this.failures = 0;
    this.key.begin();
  }

  /** Milliseconds that are left of the call's time. */
  timeLeft(): number {
    return this.timeout - (this.settings.elapsed() - (this.since ?? this.settings.elapsed()));
  }

  /**
   * Waits and answers true when another attempt is worth it; false, at once, when the error is one
   * that no waiting changes, or the next attempt would begin after the call's time.
   */
  async again(error: EmptyChairError, signal: AbortSignal | undefined): Promise<boolean> {
    if (error.code === "UNAUTHENTICATED") return this.key.renew();
    if (!isRetryable(error)) return false;
    this.since ??= this.settings.elapsed();
    const wait = waitAfter(error, this.failures++, this.settings.jitter());
    if (wait >= this.timeLeft()) return false;
    try {
      await this.settings.sleep(wait, signal);
    } catch (thrown) {
      if (signal?.aborted) return false;
      throw thrown;
    }
    return this.timeLeft() > 0;
  }
}
