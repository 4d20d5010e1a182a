// What waits for the courier, opened as the courier opens it.

import { openLetter } from "../../../server/mail/claim.ts";
import type { OpenServer } from "../../../server/identity/open-server.ts";

export interface Queued {
  readonly channel: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
}

/** The oldest first. */
export async function queued({ store, vault }: Pick<OpenServer, "store" | "vault">): Promise<Queued[]> {
  const rows = await store.db
    .selectFrom("messages")
    .select(["id", "channel", "recipient", "sealed"])
    .where("state", "=", "waiting")
    .orderBy("createdAtMs")
    .orderBy("recipient")
    .execute();
  return rows.map(({ id, channel, recipient, sealed }) => {
    const letter = openLetter(vault, id, sealed ?? "");
    if (letter === undefined) throw new Error(`${id} does not open`);
    return { channel, recipient, subject: letter.subject, text: letter.text };
  });
}

/** The code in the newest message. */
export async function newestCode(server: Pick<OpenServer, "store" | "vault">): Promise<string> {
  const code = /\b\d{8}\b/.exec((await queued(server)).at(-1)?.text ?? "")?.[0];
  if (code === undefined) throw new Error("no code was queued");
  return code;
}
