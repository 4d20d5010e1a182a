// A folder of its own for each test that needs real files and sockets.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Fields, Log } from "../../agent/log/log.ts";
import { systemAccounts } from "../../agent/platform/accounts.ts";
import { systemPeers } from "../../agent/platform/peer-credentials.ts";
import { systemClock } from "../../platform/clock.ts";
import { loadLibc } from "../../platform/libc.ts";

export const isRoot = process.geteuid?.() === 0;

/** Gone when the test ends. Short, since a socket's path may have 107 bytes. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "nl-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const accounts = systemAccounts(systemClock);

export const realPeers = systemPeers(loadLibc(), (uid) => accounts.nameOf(uid));

export interface Remembered {
  readonly level: string;
  readonly message: string;
  readonly fields: Fields;
}

export function rememberingLog(): Log & { readonly lines: Remembered[] } {
  const lines: Remembered[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Fields = {}) => {
      lines.push({ level, message, fields });
    };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface Line {
  readonly socket: Socket;
  /** All that came, once the other end has closed. */
  readonly whole: Promise<string>;
  /** Resolves when so much has come. */
  until(text: string): Promise<void>;
}

/** A relay that is nobody's program: writes what it is told and keeps what it hears. */
export async function dial(path: string): Promise<Line> {
  const socket = connect({ path, allowHalfOpen: true });
  let heard = "";
  let changed = (): void => undefined;
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  const whole = new Promise<string>((resolve) => socket.once("close", () => resolve(heard)));
  socket.on("data", (chunk: string) => {
    heard += chunk;
    changed();
  });
  socket.on("end", () => socket.end());
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    whole,
    until: async (text) => {
      while (!heard.includes(text)) {
        await new Promise<void>((resolve, reject) => {
          changed = resolve;
          socket.once("close", () => reject(new Error(`closed after ${JSON.stringify(heard)}`)));
        });
      }
    },
  };
}
