// Messages in the queue, opened as the courier opens them. Those of one moment have no order: a test says which it means.

import type { OpenServer } from "../../../server/identity/open-server.ts";
import { openLetter } from "../../../server/mail/claim.ts";

type Opened = Pick<OpenServer, "store" | "vault">;

export interface Queued {
  readonly channel: string;
  /** What it is sent for. */
  readonly kind: "code" | "account-change" | "invitation" | (string & {});
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
  readonly createdAtMs: number;
}

/** What waits for the courier: the oldest first, those of one moment by kind, recipient and text. */
export async function queued({ store, vault }: Opened): Promise<Queued[]> {
  const rows = await store.db
    .selectFrom("messages")
    .select(["id", "channel", "kind", "recipient", "sealed", "createdAtMs"])
    .where("state", "=", "waiting")
    .orderBy("createdAtMs")
    .orderBy("kind")
    .orderBy("recipient")
    .execute();
  const opened = rows.map(({ id, sealed, ...row }): Queued => {
    const letter = openLetter(vault, id, sealed ?? "");
    if (letter === undefined) throw new Error(`${id} does not open`);
    return { ...row, subject: letter.subject, text: letter.text };
  });
  const about = ({ createdAtMs, kind, recipient, text }: Queued) =>
    JSON.stringify([String(createdAtMs).padStart(16, "0"), kind, recipient, text]);
  return opened.sort((one, other) => (about(one) < about(other) ? -1 : 1));
}

export type Which = Partial<Pick<Queued, "kind" | "recipient">>;

/** The newest of those meant. @throws Error when there is none, or when several of one moment might be meant. */
export async function newest(server: Opened, which: Which = {}): Promise<Queued> {
  const meant = (await queued(server)).filter(
    ({ kind, recipient }) => kind === (which.kind ?? kind) && recipient === (which.recipient ?? recipient),
  );
  const last = meant.at(-1);
  const said = JSON.stringify(which);
  if (last === undefined) throw new Error(`no message is queued that is ${said}`);
  const same = meant.filter(({ createdAtMs }) => createdAtMs === last.createdAtMs);
  if (new Set(same.map(({ text }) => text)).size > 1)
    throw new Error(`${same.length} messages of one moment are ${said}: say which, or let time pass`);
  return last;
}

/** The eight digits in the newest message that was sent for a code. */
export async function newestCode(server: Opened, recipient?: string): Promise<string> {
  const { text } = await newest(server, { kind: "code", ...(recipient === undefined ? {} : { recipient }) });
  const code = /\b(\d{4}) ?(\d{4})\b/.exec(text);
  if (code === null) throw new Error("there is no code in a message that was sent for one");
  return `${code[1]}${code[2]}`;
}

/** What the newest invitation leads to. */
export async function newestInvitation(
  server: Opened,
): Promise<{ readonly url: string; readonly link: string }> {
  const { text } = await newest(server, { kind: "invitation" });
  const [url, link] = /https:\S+\/portal\/invitation\?link=([\w-]{43})/.exec(text) ?? [];
  if (url === undefined || link === undefined) throw new Error("there is no link in an invitation");
  return { url, link };
}
