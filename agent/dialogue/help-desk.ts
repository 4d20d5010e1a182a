// Help-desk unlock in a dialogue: a challenge to read out over the phone, and the answer to it. It is shown again, the same,
// to whoever comes back within the hour: a call may take longer than a dialogue.

import { parseUnlockAnswer } from "../../otp/help-desk.ts";
import type { End } from "../../protocol/dialogue/messages.ts";
import type { Random } from "../../words/random.ts";
import { unreachable } from "../../words/unreachable.ts";
import type { HelpDeskReason, HelpDeskRefusal } from "../policy/help-desk.ts";
import type { Attempt } from "../policy/situation.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";
import type { SignInLedger } from "./ports.ts";
import type { Talk } from "./talk.ts";
import * as shown from "./words-shown.ts";

/** What people type in place of a code when they want the help desk. */
export function asksForHelp(text: string): boolean {
  return text.trim() === "?";
}

/**
 * The end that the help desk brought about; undefined when it is not to be had now, or the person has given up. A text
 * that can't be an answer is giving up too and counts as no try: its form is known to whoever typed it.
 */
export async function askHelpDesk(
  parts: { readonly ledger: SignInLedger; readonly random: Random },
  attempt: Attempt,
  reason: HelpDeskReason,
  talk: Talk,
  speech: DialogueSpeech,
): Promise<End | undefined> {
  const offer = parts.ledger.offerHelpDesk(attempt, reason, parts.random);
  if (offer.state !== "offered") return tell(offer, talk, speech);
  talk.show("info", shown.callHelpDesk(speech, offer.challenge));
  const answer = parseUnlockAnswer(await talk.ask("shown", speech.say("help-desk-answer")));
  if (answer === undefined) return undefined;
  const judgement = parts.ledger.judgeHelpDesk(attempt, offer.challenge, answer);
  switch (judgement.verdict) {
    case "granted":
      return { word: "END", verdict: "granted", offline: true, method: "help-desk" };
    case "denied":
      return { word: "END", verdict: "denied" };
    case "refused":
      return tell(judgement.refusal, talk, speech);
    default:
      return unreachable(judgement);
  }
}

function tell(refusal: HelpDeskRefusal, talk: Talk, speech: DialogueSpeech): undefined {
  if (refusal.state === "tried-out") talk.show("error", shown.helpDeskTriedOut(speech, refusal.forMs));
}
