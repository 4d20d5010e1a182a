// A user of whom policy demands a code and who has no authenticator yet adds one, and finishes the sign-in with it at once.

import type { Attempt } from "../policy/situation.ts";
import type { FirstProved, FirstStep, SignInProvisioning } from "./ports.ts";
import { messagesArrive, type ShowingParts, showProvided } from "./show-seed.ts";

export interface AddingParts extends ShowingParts {
  readonly provisioning: SignInProvisioning;
}

const mostCodes = 3;

/** `elsewhere`: this screen can't show what is needed, and the person was told where to go. */
export async function addFirst(
  parts: AddingParts,
  attempt: Attempt,
  dialogue: string,
): Promise<Extract<FirstProved, { is: "granted" }> | "nothing" | "elsewhere"> {
  const { speech, talk, provisioning, screen } = parts;
  if (screen.is !== "terminal") {
    talk.show("info", speech.say("first-elsewhere", { address: provisioning.address }));
    return "elsewhere";
  }
  if (!(await messagesArrive(parts, (number) => speech.say("offer-first", { number })))) return "nothing";
  const begun = await provisioning.begin(attempt, dialogue);
  const step = begun.is === "mailed" ? await askMailCode(parts, attempt, dialogue, begun) : begun;
  if (step?.is === "shown") {
    showProvided(parts, step.provided);
    const proved = await askCode(parts, attempt, dialogue);
    if (proved !== undefined) {
      talk.show("info", speech.say("first-added"));
      return proved;
    }
  }
  talk.show("error", speech.say("first-not-added"));
  return "nothing";
}

async function askMailCode(
  { speech, talk, provisioning }: AddingParts,
  attempt: Attempt,
  dialogue: string,
  { ticket, to }: Extract<FirstStep, { is: "mailed" }>,
): Promise<FirstStep | undefined> {
  for (let tries = 1; tries <= mostCodes; tries++) {
    const code = await talk.ask("hidden", speech.say("mailed-code", { to }));
    if (code.trim() === "") return undefined;
    const step = await provisioning.proveMail(attempt, dialogue, ticket, code);
    if (step.is !== "wrong") return step;
    talk.show("error", speech.say("wrong-mailed-code"));
  }
  return undefined;
}

async function askCode({ speech, talk, provisioning }: AddingParts, attempt: Attempt, dialogue: string) {
  for (let tries = 1; tries <= mostCodes; tries++) {
    const code = await talk.ask("hidden", speech.say("code-of-new"));
    if (code.trim() === "") return undefined;
    const proved = await provisioning.prove(attempt, dialogue, code);
    if (proved.is === "granted") return proved;
    if (proved.is === "refused") return undefined;
    talk.show("error", speech.say("wrong-code-of-new"));
  }
  return undefined;
}
