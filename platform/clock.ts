import { uptime } from "node:os";
import type { Clock } from "../words/clock.ts";

/**
 * The system's clock. On Linux `os.uptime()` reads CLOCK_BOOTTIME, in steps of 10 ms: it counts suspension and can't be set.
 */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Math.round(uptime() * 1000),
  sleep: (ms, stop) =>
    new Promise((resolve, reject) => {
      if (stop.aborted) {
        reject(stop.reason);
        return;
      }
      const aborted = () => {
        clearTimeout(timer);
        reject(stop.reason);
      };
      const timer = setTimeout(() => {
        stop.removeEventListener("abort", aborted);
        resolve();
      }, ms);
      stop.addEventListener("abort", aborted, { once: true });
    }),
};

/** The same, but its monotonic time stands still while the system is suspended, and asks the system nothing: for a server. */
export const serverClock: Clock = { ...systemClock, monotonicMs: () => Math.round(performance.now()) };
