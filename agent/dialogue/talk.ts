// Where the protocol's lines end and the sign-in begins: what a conversation may do with the person at the relay.

import type { Begin, End } from "../../protocol/dialogue/messages.ts";

/** Who is at the other end of a connection, by the kernel's word. */
export interface Caller {
  readonly uid: number;
  readonly pid: number;
  /** The account of `uid`; undefined if the system has none. */
  readonly userName: string | undefined;
}

export interface Talk {
  show(tone: "info" | "error", text: string): void;
  /** The answer exactly as typed. Rejects with `DialogueOver` when the person gives up, the relay goes, or time is up. */
  ask(echo: "hidden" | "shown", text: string): Promise<string>;
  /** Aborted as soon as the dialogue is over for any reason: nothing more can be said. */
  readonly over: AbortSignal;
}

/** Thrown out of `ask`; the conversation lets it pass, after having spent what it has to. */
export class DialogueOver extends Error {
  readonly code = "DIALOGUE_OVER";
}

/** One sign-in from BEGIN to END. Whatever it throws ends as `unavailable`. */
export type Converse = (begin: Begin, caller: Caller, talk: Talk) => Promise<End>;
