// After a granted online sign-in: the user's seed on this machine, for an authenticator app, on the screen of the sign-in.

import type { Random } from "../../words/random.ts";
import type { Attempt } from "../policy/situation.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";
import type { Provided, SignInServer } from "./ports.ts";
import { qrLines, type Screen } from "./screen.ts";
import type { Talk } from "./talk.ts";

export interface ShowingParts {
  readonly online: SignInServer;
  readonly random: Random;
  readonly screen: Screen;
  readonly speech: DialogueSpeech;
  readonly talk: Talk;
}

const mostCodes = 3;

/** Whoever does not answer with the number has not seen it: some programs hide messages and show prompts only. */
export async function messagesArrive(
  { random, speech, talk }: ShowingParts,
  offer: (number: string) => string,
): Promise<boolean> {
  const [chance = 0] = random.bytes(1);
  const number = String(10 + (chance % 90));
  talk.show("info", offer(number));
  return (await talk.ask("shown", speech.say("number-above"))).trim() === number;
}

export function showProvided({ speech, talk, screen }: ShowingParts, { secret, uri }: Provided): void {
  const picture = screen.is === "terminal" && screen.blocks ? uri.use(qrLines) : undefined;
  for (const line of picture ?? []) talk.show("info", line);
  const key = secret.use((text) => text.match(/.{1,4}/g)?.join(" ") ?? text);
  talk.show("info", speech.say(picture === undefined ? "type-key" : "scan-or-type", { key }));
}

export async function offerSeed(parts: ShowingParts, attempt: Attempt, dialogue: string): Promise<void> {
  const { online, screen, speech, talk } = parts;
  if (screen.is !== "terminal") return;
  if (!(await messagesArrive(parts, (number) => speech.say("offer-seed", { number })))) return;
  const seed = await online.showSeed(dialogue);
  if (seed === undefined) {
    talk.show("error", speech.say("not-shown-now"));
    return;
  }
  showProvided(parts, seed);
  for (let tries = 1; tries <= mostCodes; tries++) {
    const code = await talk.ask("hidden", speech.say("code-of-new"));
    if (code.trim() === "") break;
    const outcome = await online.proveSeed(attempt, dialogue, code);
    if (outcome === "proved") {
      talk.show("info", speech.say("seed-proved"));
      return;
    }
    if (outcome === "refused") break;
    if (tries < mostCodes) talk.show("error", speech.say("wrong-code-of-new"));
  }
  talk.show("error", speech.say("not-proved"));
}
