import type { End } from "../../protocol/dialogue/messages.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import type { DialogueSpeech } from "./languages/dialogue-speech.ts";
import type { Talk } from "./talk.ts";

/** A sign-in that asks, between the texts that an admin has for it. They have been checked as part of a signed policy. */
export async function betweenTexts(
  texts: Policy["texts"],
  { talk, speech }: { readonly talk: Talk; readonly speech: DialogueSpeech },
  ask: () => Promise<End>,
): Promise<End> {
  const { login, help, passwordUrl } = texts;
  if (login !== "") talk.show("info", login);
  if (passwordUrl !== "") talk.show("info", speech.say("change-password", { address: passwordUrl }));
  const end = await ask();
  if (end.verdict !== "granted" && help !== "") talk.show("info", help);
  return end;
}
