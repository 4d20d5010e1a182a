// A log that strangers may cause lines in: whoever floods the socket must not fill the disk or push other lines out.

import { type Clock, minuteMs } from "../../words/clock.ts";
import type { Fields, Level, Log } from "./log.ts";

interface Window {
  startMs: number;
  said: number;
  leftOut: number;
}

/**
 * The same message at most so many times a minute; when it is next let through, it says how many were left out.
 * Messages are constants of the program, so there are only so many windows. The record of sign-ins is elsewhere.
 */
export function sparing(log: Log, clock: Clock, mostPerMinute = 60): Log {
  const windows = new Map<string, Window>();
  const at =
    (level: Level) =>
    (message: string, fields?: Fields): void => {
      const now = clock.monotonicMs();
      const window = windows.get(message) ?? { startMs: now, said: 0, leftOut: 0 };
      windows.set(message, window);
      const leftOut = now - window.startMs >= minuteMs ? window.leftOut : 0;
      if (now - window.startMs >= minuteMs) Object.assign(window, { startMs: now, said: 0, leftOut: 0 });
      if (window.said >= mostPerMinute) {
        window.leftOut += 1;
        return;
      }
      window.said += 1;
      log[level](message, leftOut === 0 ? fields : { ...fields, leftOut });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
