/**
 * Time as an argument. Built once, in a composition root; everything else is handed one.
 * Nothing has a default for it: forgetting it must not compile.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump in either direction. */
  wallMs(): number;
  /** Milliseconds since this boot; counts suspension, can't be set, never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects as soon as `stop` is aborted. */
  sleep(ms: number, stop: AbortSignal): Promise<void>;
}

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
