// A user of whom policy demands a code and who has no authenticator yet adds one, and goes on with the sign-in at once: on
// this screen where it can show a key, otherwise on a phone, by a short code that this screen shows.

import { inGroups } from "../../otp/help-desk.ts";
import type { End } from "../../protocol/dialogue/messages.ts";
import type { Factors } from "../../protocol/sync/policy.ts";
import type { Attempt } from "../policy/situation.ts";
import { afterGrant } from "./after-grant.ts";
import { type Asked, type AskParts, askQuestion } from "./ask.ts";
import { granted } from "./granted.ts";
import type { FirstProved, FirstStep, SignInProvisioning } from "./ports.ts";
import { messagesArrive, type ShowingParts, showProvided } from "./show-seed.ts";

export interface AddingParts extends ShowingParts, AskParts {
  readonly provisioning: SignInProvisioning;
}

const mostCodes = 3;
/** Where a phone goes, under the server's address. */
const shortPath = "/add";

type Added =
  | Extract<FirstProved, { is: "granted" }>
  /** It is there: its next code answers the question that it was added for. */
  | { readonly is: "added" }
  /** What was typed proves nothing that is begun: it may be a code of one that was finished on the phone. */
  | { readonly is: "typed"; readonly text: string }
  | { readonly is: "nothing" };

/** The end of the sign-in, or what answers the question of this number. */
export async function addFirst(
  parts: AddingParts,
  attempt: Attempt,
  dialogue: string,
  questions: Factors,
  at: number,
): Promise<End | Asked> {
  const added = await adding(parts, attempt, dialogue);
  switch (added.is) {
    case "nothing":
      return { word: "END", verdict: "denied" };
    case "typed":
      return { kind: "answered", text: added.text };
    case "added":
      return await askQuestion(parts, attempt, dialogue, questions[at] ?? ["totp"], at);
    case "granted":
      await afterGrant(parts, attempt, dialogue, { ...added, maySeed: false });
      return granted(added.method, false);
  }
}

async function adding(parts: AddingParts, attempt: Attempt, dialogue: string): Promise<Added> {
  const { speech, talk, screen } = parts;
  const added =
    screen.is === "terminal"
      ? await addHere(parts, attempt, dialogue)
      : await addElsewhere(parts, attempt, dialogue);
  if (added === "not-wanted") return { is: "nothing" };
  if (added === undefined) {
    talk.show("error", speech.say("first-not-added"));
    return { is: "nothing" };
  }
  if (added.is !== "typed")
    talk.show("info", speech.say(screen.is === "terminal" ? "first-added" : "first-added-elsewhere"));
  return added;
}

async function addHere(
  parts: AddingParts,
  attempt: Attempt,
  dialogue: string,
): Promise<Added | "not-wanted" | undefined> {
  const { speech, provisioning } = parts;
  if (!(await messagesArrive(parts, (number) => speech.say("offer-first", { number })))) return "not-wanted";
  const begun = await provisioning.begin(attempt, dialogue);
  const step = begun.is === "mailed" ? await askMailCode(parts, attempt, dialogue, begun) : begun;
  if (step?.is !== "shown") return undefined;
  showProvided(parts, step.provided);
  const proved = await askCode(parts, attempt, dialogue, speech.say("code-of-new"));
  return proved?.is === "typed" ? undefined : proved;
}

/** Address and code stand in the prompt, too: some programs show prompts and no messages, or messages for a moment. */
async function addElsewhere(
  parts: AddingParts,
  attempt: Attempt,
  dialogue: string,
): Promise<Added | undefined> {
  const { speech, talk, provisioning } = parts;
  const elsewhere = await provisioning.beginElsewhere(attempt, dialogue);
  if (elsewhere === undefined) return undefined;
  const where = {
    address: elsewhere.address.replace(/\/+$/, "") + shortPath,
    code: elsewhere.code.use(inGroups),
  };
  talk.show("info", speech.say("first-elsewhere", where));
  return await askCode(parts, attempt, dialogue, speech.say("code-of-new-elsewhere", where));
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

async function askCode(
  { speech, talk, provisioning }: AddingParts,
  attempt: Attempt,
  dialogue: string,
  prompt: string,
): Promise<Exclude<Added, { is: "nothing" }> | undefined> {
  for (let tries = 1; tries <= mostCodes; tries++) {
    const text = await talk.ask("hidden", prompt);
    if (text.trim() === "") return undefined;
    const proved = await provisioning.prove(attempt, dialogue, text);
    switch (proved.is) {
      case "granted":
        return proved;
      case "added":
        return { is: "added" };
      case "refused":
        return { is: "typed", text };
      case "waiting":
      case "wrong":
        talk.show("error", speech.say(proved.is === "wrong" ? "wrong-code-of-new" : "first-not-yet"));
    }
  }
  return undefined;
}
