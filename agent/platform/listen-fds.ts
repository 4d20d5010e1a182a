// Sockets that systemd opened before the agent started: sd_listen_fds(3). No connection is lost over a restart.

import type { Libc } from "../../platform/libc.ts";

export type SocketName = "dialogue" | "admin";

const firstFd = 3;
const names: readonly string[] = ["dialogue", "admin"] satisfies SocketName[];

/**
 * The descriptors by their FileDescriptorName=. Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and removes them.
 * Throws for anything but listening Unix stream sockets under names that the agent knows: a wrong unit must not
 * become an agent that listens where nobody expects it.
 */
export function inheritedSockets(
  env: NodeJS.ProcessEnv,
  pid: number,
  libc: Libc,
): Readonly<Partial<Record<SocketName, number>>> {
  const forUs = env["LISTEN_PID"] === String(pid);
  const count = env["LISTEN_FDS"] ?? "";
  const given = (env["LISTEN_FDNAMES"] ?? "").split(":");
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  if (!forUs) return {};
  if (!/^\d{1,2}$/.test(count)) throw new Error("LISTEN_FDS is not a number of sockets");
  const found: Partial<Record<SocketName, number>> = {};
  for (let at = 0; at < Number(count); at++) {
    const fd = firstFd + at;
    const name = given[at];
    if (!isSocketName(name))
      throw new Error("a socket unit has no FileDescriptorName=dialogue or FileDescriptorName=admin");
    if (found[name] !== undefined) throw new Error(`two socket units are named ${name}`);
    if (!libc.closeOnExec(fd) || !listensOnUnixStream(libc, fd))
      throw new Error(`the socket unit for ${name} is not a ListenStream= on a Unix path`);
    found[name] = fd;
  }
  return found;
}

function isSocketName(name: string | undefined): name is SocketName {
  return name !== undefined && names.includes(name);
}

function listensOnUnixStream(libc: Libc, fd: number): boolean {
  const solSocket = 1;
  const read = (option: number): number | undefined => {
    const value = libc.socketOption(fd, solSocket, option, 4);
    return value?.length === 4 ? value.readInt32LE(0) : undefined;
  };
  const [type, accepting, domain] = [read(3), read(30), read(39)];
  return type === 1 && accepting === 1 && domain === 1;
}
