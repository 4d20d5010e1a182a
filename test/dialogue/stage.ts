// A Connection with everything around it faked: what a test says, hears and decides.

import { Connection } from "../../agent/dialogue/connection.ts";
import { makeRoom, type Room } from "../../agent/dialogue/room.ts";
import type { Caller, Converse, Talk } from "../../agent/dialogue/talk.ts";
import type { Fields } from "../../agent/log/log.ts";
import { type Begin, type End, parseFromAgent } from "../../protocol/dialogue/messages.ts";
import { FakeClock, turn } from "../fakes/clock.ts";
import type { Turn } from "./transcript.ts";

export const root: Caller = { uid: 0, pid: 1, userName: "root" };
export const denied: End = { word: "END", verdict: "denied" };
export const granted: End = { word: "END", verdict: "granted" };

export interface Stage {
  readonly clock: FakeClock;
  readonly room: Room;
  readonly connection: Connection;
  /** Lines that the agent sent, without their newline. */
  readonly heard: string[];
  readonly closed: boolean;
  readonly logged: { level: string; message: string; fields: Fields }[];
  /** Set to false: the relay does not read. */
  readsOn: boolean;
  say(text: string | Uint8Array): Promise<void>;
}

export function stage(
  converse: Converse,
  {
    caller = root,
    clock = new FakeClock(),
    room = makeRoom(),
  }: Partial<{ caller: Caller; clock: FakeClock; room: Room }> = {},
): Stage {
  const heard: string[] = [];
  const logged: Stage["logged"] = [];
  let closed = false;
  const write = (line: string): void => {
    if (closed) throw new Error(`the agent went on after it had closed: ${line}`);
    if (!/^[\x20-\x7E]*\n$/.test(line) || line.length > 4096)
      throw new Error(`not a line: ${JSON.stringify(line)}`);
    heard.push(line.slice(0, -1));
  };
  const log =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void logged.push({ level, message, fields });
  const seat = room.enter(caller.uid);
  if (seat === undefined) throw new Error("the room is full");
  const self: Stage = {
    clock,
    room,
    heard,
    logged,
    readsOn: true,
    get closed() {
      return closed;
    },
    connection: new Connection({
      id: 1,
      caller,
      clock,
      converse,
      seat,
      log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      wire: {
        send(line) {
          write(line);
          return self.readsOn;
        },
        close(last) {
          if (last !== undefined) write(last);
          closed = true;
        },
      },
    }),
    async say(text) {
      self.connection.received(typeof text === "string" ? Buffer.from(`${text}\n`, "latin1") : text);
      await turn();
    },
  };
  return self;
}

/** Plays the agent's lines of a transcript; after the last one it waits until the dialogue is over. */
export function playing(turns: readonly Turn[]): Converse {
  const lines = turns.filter(({ from }) => from === "agent").map(({ line }) => line);
  return async (_begin: Begin, _caller: Caller, talk: Talk) => {
    for (const line of lines) {
      const message = parseFromAgent(line);
      if (!message.ok) throw new Error(`the script is wrong: ${message.error}`);
      if (message.value.word === "SHOW") talk.show(message.value.tone, message.value.text);
      else if (message.value.word === "ASK") await talk.ask(message.value.echo, message.value.text);
      else return message.value;
    }
    return await new Promise<never>((_resolve, reject) => {
      talk.over.addEventListener("abort", () => reject(talk.over.reason));
    });
  };
}
