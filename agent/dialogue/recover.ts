// A sign-in while the machine's state or key is lost: online or not at all, and the way back to a whole state.

import type { End } from "../../protocol/dialogue/messages.ts";
import { defaultPolicy, type FactorType, isSentType } from "../../protocol/sync/policy.ts";
import type { Attempt } from "../policy/situation.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";
import { granted } from "./granted.ts";
import type { SignInRecovery } from "./ports.ts";
import type { Talk } from "./talk.ts";
import * as shown from "./words-shown.ts";

/** What is asked first is what a new server asks; it asks on where its policy has more questions. */
const mostQuestions = 6;

export async function recoverBySignIn(
  recovery: SignInRecovery,
  attempt: Attempt,
  dialogue: string,
  talk: Talk,
  speech: DialogueSpeech,
): Promise<End> {
  talk.show("info", speech.say("recovering"));
  // What policy says was lost with the state.
  talk.show("info", speech.say("pin-if-any"));
  const [first = ["totp"]] = defaultPolicy.online.factors;
  const answers = [await talk.ask("hidden", shown.prompt(speech, first, 0, "none"))];
  for (;;) {
    const verified = await recovery.verify(attempt, dialogue, answers);
    switch (verified.verdict) {
      case "granted":
        return granted(verified.method, false);
      case "denied":
      case "no-authenticator":
        return { word: "END", verdict: "denied" };
      case "pin-needed":
        talk.show("error", shown.setPin(speech, verified.address));
        return { word: "END", verdict: "denied" };
      case "locked":
        talk.show("error", speech.say("locked-online"));
        return { word: "END", verdict: "locked" };
      case "more":
        if (answers.length >= mostQuestions) return { word: "END", verdict: "unavailable" };
        answers.push(await talk.ask("hidden", promptHere(speech, verified.question, answers.length)));
        break;
      case "revoked":
      case "offline":
        talk.show("error", shown.whyNotOffline(speech, { verdict: "unavailable", reason: "damaged" }));
        return { word: "END", verdict: "unavailable" };
    }
  }
}

/** A machine without keys can't have a code sent, nor a challenge given: only what people have by themselves is asked for. */
function promptHere(speech: DialogueSpeech, question: readonly FactorType[], index: number): string {
  const own = question.filter((type) => !isSentType(type) && type !== "ocra");
  return shown.prompt(speech, own.length === 0 ? ["totp"] : own, index, "none");
}
