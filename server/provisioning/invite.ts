// An admin's invitation, on its way to the user.

import { hourMs } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { createInvitation } from "./invitations.ts";
import { mailInvitation, type PostParts } from "./letters.ts";

/** Where the link leads, under the server's address; its secret is in the query, which no log of ours has. */
export const invitationPath = "/portal/invitation";

export function invitationUrl(webAddress: string, secret: string): string {
  return `${webAddress.replace(/\/+$/, "")}${invitationPath}?link=${secret}`;
}

/** @throws Failure when mail is off or the user has no address for it: nothing has changed then. */
export async function inviteByMail(
  tx: Tx,
  parts: PostParts,
  user: User,
  wish: { readonly webAddress: string; readonly hours: number },
  nowMs: number,
): Promise<void> {
  const { webAddress, hours } = wish;
  const by = { user, origin: "admin", forMs: hours * hourMs } as const;
  const secret = await createInvitation(tx, by, parts.random, nowMs);
  const invitation = { url: invitationUrl(webAddress, secret), hours };
  if (!(await mailInvitation(tx, parts, user, invitation, nowMs)))
    throw new Failure(
      "conflict",
      `there is no way to mail ${user.name}: set up mail, and an e-mail address for the user that gets codes`,
    );
}
