// The way to the agent's sockets, as careful as the PAM module's: a code typed here must not reach somebody else's program.

import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { agentAccount } from "../platform/agent-account.ts";
import { owned, type Trust, walkTrusted } from "../platform/trusted-path.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Io, Stop } from "./io.ts";

/**
 * Root, the agent's account, and whoever runs this: a socket of one's own can only deceive oneself.
 */
export async function trustOf({ accounts, uid }: Pick<Io, "accounts" | "uid">): Promise<Trust> {
  const agent = await accounts.userId(agentAccount);
  return { uids: agent === undefined ? [uid] : [uid, agent], links: "refuse" };
}

/** Throws an error that says why nobody should be spoken to there. */
export function checkSocketPath(path: string, trust: Trust): void {
  walkTrusted(path, trust);
  const found = lstatSync(path);
  if (!found.isSocket()) throw new Error(`${path} is not a socket`);
  if (!owned(found, trust)) throw new Error(`${path} belongs to another user (uid ${found.uid})`);
}

/** A connection to an agent that root or its account runs. Nothing has been sent on it. */
export async function connectTrusted(io: Io, path: string): Promise<Socket> {
  const trust = await trustOf(io);
  try {
    checkSocketPath(path, trust);
  } catch (error) {
    throw unreachable(
      isMissing(error)
        ? `the agent is not running: there is no ${path}`
        : `don't trust this agent: ${said(error)}`,
    );
  }
  const socket = await open(path);
  const listens = io.peers.of(socket);
  if (listens !== undefined && (listens.uid === 0 || trust.uids.includes(listens.uid))) return socket;
  socket.destroy();
  throw unreachable(`don't trust this agent: another user's program listens on ${path}`);
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: false });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error) => {
      const code = "code" in error ? String(error.code) : "";
      reject(
        unreachable(
          code === "EACCES"
            ? `you may not use ${path}; try it as root`
            : `the agent does not answer on ${path}: is it running?`,
        ),
      );
    });
  });
}

function unreachable(message: string): Stop {
  return new Stop(exitCodes.unreachable.code, "agent-unreachable", message);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : "its socket can't be checked";
}
