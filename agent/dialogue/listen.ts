// From the dialogue socket to one Connection for each relay: who connected, is there room, bytes in, lines out.

import { createServer, type Socket } from "node:net";
import { formatFromAgent } from "../../protocol/dialogue/messages.ts";
import type { Clock } from "../../words/clock.ts";
import type { Log } from "../log/log.ts";
import { sparing } from "../log/sparing.ts";
import { listen } from "../socket/listen.ts";
import type { Peer, Peers } from "../socket/peer.ts";
import { Connection, type Wire } from "./connection.ts";
import { makeRoom, type Room, type Seat } from "./room.ts";
import type { Converse } from "./talk.ts";

export interface DialogueListener {
  /** Takes no more relays, ends the open dialogues as unavailable, and resolves when all sockets are closed. */
  close(): Promise<void>;
  readonly open: number;
}

export interface DialogueListenerParts {
  /** A path is made with mode 0666: anyone may connect, rules are per caller. */
  readonly at: { readonly path: string } | { readonly fd: number };
  readonly clock: Clock;
  readonly converse: Converse;
  readonly peers: Peers;
  readonly log: Log;
}

/** What a relay that reads nothing can make the agent hold. */
const mostUnsentBytes = 65_536;
/** How long the last line may take to leave. */
const closingMs = 2_000;

export async function listenForDialogues(given: DialogueListenerParts): Promise<DialogueListener> {
  const parts = { ...given, log: sparing(given.log, given.clock) };
  const room = makeRoom();
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  let count = 0;
  // Half-open, so that END still reaches a relay that has shut its own direction down.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Every error of a socket is followed by its close, which is handled.
    socket.on("error", () => undefined);
    count += 1;
    welcome(parts, room, socket, count, connections).catch((error: unknown) => {
      parts.log.error("a relay could not be welcomed", { error });
      socket.destroy();
    });
  });
  await listen(server, "path" in parts.at ? { path: parts.at.path, mode: 0o666 } : parts.at);
  server.on("error", (error) => parts.log.error("the dialogue socket failed", { error }));
  return {
    get open() {
      return room.open;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.stop();
      for (const socket of sockets) if (!socket.writableEnded) socket.destroy();
      await closed;
    },
  };
}

async function welcome(
  parts: DialogueListenerParts,
  room: Room,
  socket: Socket,
  id: number,
  connections: Set<Connection>,
): Promise<void> {
  const { peers, clock, log, converse } = parts;
  const wire = overSocket(socket, clock);
  const peer = peers.of(socket);
  const seat = peer === undefined ? undefined : room.enter(peer.uid);
  if (peer === undefined || seat === undefined) {
    const why = peer === undefined ? "the caller is not known" : "too many dialogues are open";
    log.warn("a dialogue was refused", { dialogue: id, why, uid: peer?.uid, pid: peer?.pid });
    wire.close(formatFromAgent({ word: "END", verdict: "refused", why }));
    return;
  }
  const userName = await accountName(peers, peer, log);
  if (socket.destroyed) {
    seat.leave();
    return;
  }
  const connection = new Connection({
    id,
    caller: { uid: peer.uid, pid: peer.pid, userName },
    wire,
    seat: once(seat, () => connections.delete(connection)),
    clock,
    converse,
    log,
  });
  connections.add(connection);
  socket.on("data", (chunk: Buffer) => connection.received(chunk));
  socket.on("end", () => connection.gone());
  socket.on("close", () => connection.gone());
  socket.resume();
}

async function accountName(peers: Peers, peer: Peer, log: Log): Promise<string | undefined> {
  try {
    return await peers.accountName(peer.uid);
  } catch (error) {
    log.warn("a caller's account could not be looked up", { uid: peer.uid, error });
    return undefined;
  }
}

function once(seat: Seat, left: () => void): Seat {
  return {
    takeFor: (user) => seat.takeFor(user),
    leave: () => {
      seat.leave();
      left();
    },
  };
}

function overSocket(socket: Socket, clock: Clock): Wire {
  return {
    send(line) {
      // What is said in one breath leaves in one write: a relay wakes up once for SHOW and ASK together.
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      socket.write(line);
      return socket.writableLength <= mostUnsentBytes;
    },
    close(last) {
      if (last === undefined || socket.destroyed) {
        socket.destroy();
        return;
      }
      const gone = new AbortController();
      socket.once("close", () => gone.abort());
      socket.end(last, () => socket.destroy());
      clock.sleep(closingMs, gone.signal).then(
        () => socket.destroy(),
        () => undefined,
      );
    },
  };
}
