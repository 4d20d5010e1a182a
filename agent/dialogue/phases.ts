// What the relay may say when. A line that its phase does not permit ends the dialogue as refused.

import type { FromRelay } from "../../protocol/dialogue/messages.ts";

/**
 * `waiting` for BEGIN; `thinking` while the agent decides and nothing is asked; `asking` until the answer;
 * `over` once END is written or the relay has gone: nothing is read any more.
 */
export type Phase = "waiting" | "thinking" | "asking" | "over";

const permitted = {
  BEGIN: ["waiting"],
  ANSWER: ["asking"],
  CANCEL: ["thinking", "asking"],
} as const satisfies Record<FromRelay["word"], readonly Phase[]>;

export function permits(phase: Phase, word: FromRelay["word"]): boolean {
  return (permitted[word] as readonly Phase[]).includes(phase);
}
