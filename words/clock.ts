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

/**
 * Does `work` every `ms` milliseconds, the first time after as many, and never twice at once; resolves when `stop` is
 * aborted and what was under way has ended. Rejects only as `work` does.
 */
export async function repeatEvery(
  ms: number,
  clock: Clock,
  stop: AbortSignal,
  work: () => void | Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(ms, stop);
    } catch {
      return;
    }
    await work();
  }
}
