// The kernel's answer to "who connected": SO_PEERCRED and SO_PEERGROUPS on Linux, LOCAL_PEERCRED on macOS.

import type { Socket } from "node:net";
import type { Libc } from "../../platform/libc.ts";
import type { Peer, Peers } from "../socket/peer.ts";

type Ask = (libc: Libc, fd: number) => Peer | undefined;

export function systemPeers(
  libc: Libc,
  accountName: Peers["accountName"],
  platform = process.platform,
): Peers {
  const ask = platform === "darwin" ? askDarwin : askLinux;
  return {
    of: (socket) => {
      const fd = descriptor(socket);
      return fd === undefined ? undefined : ask(libc, fd);
    },
    accountName,
  };
}

/** Node keeps the descriptor to itself; the runtime is pinned, and a test over a real socket guards this. */
function descriptor(socket: Socket): number | undefined {
  const handle = (socket as { _handle?: { fd?: unknown } | null })._handle;
  const fd = handle?.fd;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

const noId = 0xffff_ffff;
/** What a uid of another user namespace looks like from here: it may be anybody's. */
const overflowId = 65_534;

/** struct ucred { pid_t pid; uid_t uid; gid_t gid; } */
const askLinux: Ask = (libc, fd) => {
  const solSocket = 1;
  const credentials = libc.socketOption(fd, solSocket, 17, 12);
  const groups = libc.socketOption(fd, solSocket, 59, 4 * 1024);
  if (credentials === undefined || credentials.length !== 12) return undefined;
  const uid = credentials.readUInt32LE(4);
  const gid = credentials.readUInt32LE(8);
  if (uid === noId || uid === overflowId) return undefined;
  // More groups than fit are no answer: the peer is then in its primary group only, which allows less.
  return { uid, pid: credentials.readInt32LE(0), gids: [gid, ...ids(groups ?? Buffer.alloc(0))] };
};

/** struct xucred { u_int version; uid_t uid; short ngroups; gid_t groups[16]; }, the first group the primary one. */
const askDarwin: Ask = (libc, fd) => {
  const solLocal = 0;
  const credentials = libc.socketOption(fd, solLocal, 1, 76);
  const pid = libc.socketOption(fd, solLocal, 2, 4);
  if (credentials === undefined || credentials.length !== 76 || credentials.readUInt32LE(0) !== 0)
    return undefined;
  const uid = credentials.readUInt32LE(4);
  if (uid === noId) return undefined;
  const count = Math.max(0, Math.min(credentials.readInt16LE(8), 16));
  return {
    uid,
    pid: pid?.length === 4 ? pid.readInt32LE(0) : 0,
    gids: ids(credentials.subarray(12, 12 + 4 * count)),
  };
};

function ids(bytes: Buffer): number[] {
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readUInt32LE(4 * at));
}
