// Tells the service manager how the program is: sd_notify(3) without libsystemd.

import type { Clock } from "../words/clock.ts";
import type { Libc } from "./libc.ts";

export interface ServiceManager {
  /** The sockets are open and the state is read: dependants may start. `status` is shown by systemctl. */
  ready(status?: string): void;
  stopping(): void;
  /** While the event loop turns, the watchdog hears of it at half its interval. Resolves once `stop` is aborted. */
  keepAlive(stop: AbortSignal): Promise<void>;
}

/**
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them, so that no child process can speak for this one.
 * Without a service manager every call does nothing. A message that can't be sent is lost: systemd's time-out decides then.
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  pid: number,
  libc: Libc,
  clock: Clock,
): ServiceManager {
  const address = env["NOTIFY_SOCKET"];
  const watchdogMs = watchdogInterval(env, pid);
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
  const say = (...lines: string[]): void => {
    if (address !== undefined) libc.sendDatagram(address, `${lines.join("\n")}\n`);
  };
  return {
    ready: (status) =>
      say("READY=1", ...(status === undefined ? [] : [`STATUS=${status.replaceAll("\n", " ")}`])),
    stopping: () => say("STOPPING=1"),
    async keepAlive(stop) {
      if (address === undefined || watchdogMs === undefined) return;
      while (!stop.aborted) {
        say("WATCHDOG=1");
        await clock.sleep(watchdogMs / 2, stop).catch(() => undefined);
      }
    },
  };
}

function watchdogInterval(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const forUs = env["WATCHDOG_PID"] === undefined || env["WATCHDOG_PID"] === String(pid);
  const micros = env["WATCHDOG_USEC"];
  if (!forUs || micros === undefined || !/^[1-9]\d{0,14}$/.test(micros)) return undefined;
  return Math.max(2, Number(micros) / 1_000);
}
