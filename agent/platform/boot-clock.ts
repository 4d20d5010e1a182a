import { systemClock } from "../../platform/clock.ts";
import type { Libc } from "../../platform/libc.ts";
import type { Clock } from "../../words/clock.ts";

/** The system's clock with the kernel's own boot clock, to the millisecond, where there is one. */
export function bootClock(libc: Libc): Clock {
  return { ...systemClock, monotonicMs: () => libc.sinceBootMs() ?? systemClock.monotonicMs() };
}
