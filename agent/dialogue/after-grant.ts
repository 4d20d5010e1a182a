// What a person is offered once the sign-in is granted: offline use of this machine, and its own seed for it.

import type { Attempt } from "../policy/situation.ts";
import { offerSeed, type ShowingParts } from "./show-seed.ts";
import { DialogueOver } from "./talk.ts";
import { saysYes } from "./words-shown.ts";

/** The sign-in has succeeded already: whatever happens here doesn't change that. */
export async function afterGrant(
  parts: ShowingParts,
  attempt: Attempt,
  dialogue: string,
  { mayEnrol, maySeed }: { readonly mayEnrol: boolean; readonly maySeed: boolean },
): Promise<void> {
  try {
    if (mayEnrol && !(await offerEnrolment(parts, attempt, dialogue))) return;
    if (maySeed) await offerSeed(parts, attempt, dialogue);
  } catch (error) {
    if (!(error instanceof DialogueOver)) parts.talk.show("error", parts.speech.say("not-enrolled-now"));
  }
}

async function offerEnrolment(
  { speech, talk, online }: ShowingParts,
  attempt: Attempt,
  dialogue: string,
): Promise<boolean> {
  const answer = await talk.ask("shown", speech.say("ask-enrol"));
  if (!saysYes(speech, answer)) return false;
  const done = await online.enrol(attempt, dialogue);
  talk.show(done ? "info" : "error", speech.say(done ? "enrolled" : "not-enrolled-now"));
  return done;
}
