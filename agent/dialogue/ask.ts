// One question of a sign-in. A code that the server has to send is sent before it is asked for: where it is the only way to
// answer at once, otherwise when the person asks for it by an empty answer. A challenge is got before the question it is part of.

import type { PinPlace } from "../../otp/pin.ts";
import { type Factors, isSentType } from "../../protocol/sync/policy.ts";
import type { Attempt } from "../policy/situation.ts";
import type { DialogueChallenge } from "./challenge.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";
import type { SignInServer } from "./ports.ts";
import type { Talk } from "./talk.ts";
import * as shown from "./words-shown.ts";

export interface AskParts {
  readonly online: SignInServer;
  readonly talk: Talk;
  readonly speech: DialogueSpeech;
  readonly challenge: DialogueChallenge;
  /** Where the user's policy has the PIN. */
  readonly pinPlace: () => PinPlace;
}

export type Asked =
  | { readonly kind: "answered"; readonly text: string }
  /** The server could not be asked for a code or a challenge, or has revoked this machine. */
  | { readonly kind: "offline" | "revoked" };

export async function askQuestion(
  parts: AskParts,
  attempt: Attempt,
  dialogue: string,
  question: Factors[number],
  index: number,
): Promise<Asked> {
  const { online, talk, speech } = parts;
  const sent = question.filter(isSentType);
  const challenge = question.includes("ocra") ? await parts.challenge.get() : undefined;
  if (challenge !== undefined && challenge.kind !== "given") return { kind: challenge.kind };
  if (sent.length < question.length) {
    const text = await talk.ask(
      "hidden",
      shown.prompt(speech, question, index, parts.pinPlace(), challenge?.digits),
    );
    if (sent.length === 0 || text !== "") return { kind: "answered", text };
  }
  const sending = await online.sendCode(attempt, dialogue, sent, speech.language);
  if (sending.kind !== "sent") return sending;
  const text = await talk.ask("hidden", shown.promptForSent(speech, sending.to));
  return { kind: "answered", text };
}
