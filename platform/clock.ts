import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../words/clock.ts";

/**
 * The system's clock. On Linux `os.uptime()` reads CLOCK_BOOTTIME, in steps of 10 ms: it counts suspension and can't be set.
 */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Math.round(uptime() * 1000),
  sleep: (ms, stop) => delay(ms, undefined, { signal: stop }),
};
