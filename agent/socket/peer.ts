// Who is at the other end of a local connection. The socket asks once, by this port, and hands the answer down as a value.

import type { Socket } from "node:net";

/** By the kernel's word, as of the moment at which the other end connected. */
export interface Peer {
  readonly uid: number;
  readonly pid: number;
  /** The groups of the process, its primary one included. */
  readonly gids: readonly number[];
}

export interface Peers {
  /** Undefined when the kernel has no answer; nothing may be allowed then. */
  of(socket: Socket): Peer | undefined;
  /** The account of a uid; undefined if there is none, or none could be learned in time. */
  accountName(uid: number): Promise<string | undefined>;
}
