// How an admin lets a user in who has lost the way: invitations to add an authenticator, one-time links for a password, other
// seeds after a loss. A link is on one page, once.

import { hourMs } from "../../../words/clock.ts";
import { lookAlikeKey } from "../../../words/user-name.ts";
import { dropPassword, keepAnAdmin } from "../../accounts/accounts.ts";
import { createSetupLink, setupHours, setupPath } from "../../accounts/setup-links.ts";
import { renewMachineSeeds } from "../../authenticators/machine-seed.ts";
import { Failure } from "../../failure.ts";
import { html } from "../../pages/markup.ts";
import { createInvitation, withdrawInvitation } from "../../provisioning/invitations.ts";
import { invitationUrl, inviteByMail } from "../../provisioning/invite.ts";
import { provisioningSetting } from "../../provisioning/provisioning-setting.ts";
import { forgetFailures, userThrottle } from "../../sessions/throttle.ts";
import { readSetting } from "../../settings/settings.ts";
import type { Tx } from "../../store/store.ts";
import { theUserById, type User } from "../../users/users.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";

export function waysIn(parts: ConsoleParts) {
  const { store, vault, random } = parts;
  const hoursOfInvitation = async () => (await readSetting(store.db, provisioningSetting)).invitationHours;
  const change = async (visit: SignedIn, done: string, work: (tx: Tx, user: User) => Promise<void>) => {
    await visit.write(async (tx) => work(tx, await theUserById(tx, visit.param("id"))));
    return visit.goTo(`/admin/users/${visit.param("id")}`, done);
  };
  const link = async (
    visit: SignedIn,
    title: string,
    hours: number,
    make: (tx: Tx, user: User) => Promise<string>,
  ) => {
    const { user, url } = await visit.write(async (tx) => {
      const found = await theUserById(tx, visit.param("id"));
      return { user: found, url: await make(tx, found) };
    });
    const content = html`<p>Give this to ${user.name} in a way that nobody else reads. It is good once, for ${hours} hours, and is not shown again.</p>
<p class="card"><code>${url}</code></p>
<p><a class="button quiet" href="/admin/users/${user.id}">Back</a></p>`;
    return visit.page({ title: `${title} for ${user.name}`, content });
  };
  const setUp = async (visit: SignedIn, tx: Tx, user: User) =>
    `${visit.origin}${setupPath}?code=${await createSetupLink(tx, vault, user, setupHours, random, visit.nowMs)}`;
  return {
    "POST /admin/users/:id/invite": async (visit) => {
      const wish = { webAddress: visit.origin, hours: await hoursOfInvitation() };
      return change(visit, "invited", (tx, user) => inviteByMail(tx, parts, user, wish, visit.nowMs));
    },
    "POST /admin/users/:id/invite-link": async (visit) => {
      const hours = await hoursOfInvitation();
      return link(visit, "Invitation", hours, async (tx, user) => {
        const wish = { user, origin: "admin", forMs: hours * hourMs } as const;
        return invitationUrl(visit.origin, await createInvitation(tx, wish, random, visit.nowMs));
      });
    },
    "POST /admin/users/:id/withdraw-invitation": (visit) =>
      change(visit, "invitation-withdrawn", async (tx, user) => {
        if (!(await withdrawInvitation(tx, user, visit.nowMs)))
          throw new Failure("not-found", `${user.name} has no invitation that is open`);
      }),
    "POST /admin/users/:id/set-up-link": (visit) =>
      link(visit, "One-time link", setupHours, (tx, user) => setUp(visit, tx, user)),
    "POST /admin/users/:id/reset": (visit) =>
      link(visit, "One-time link", setupHours, async (tx, user) => {
        await keepAnAdmin(tx, user);
        await dropPassword(tx, user, visit.nowMs);
        await forgetFailures(tx, userThrottle(vault, lookAlikeKey(user.name)));
        return setUp(visit, tx, user);
      }),
    "POST /admin/users/:id/renew-seeds": (visit) =>
      change(visit, "seeds-renewed", (tx, user) =>
        renewMachineSeeds(tx, user, `console: ${visit.session.userName}`, visit.nowMs),
      ),
  } satisfies Partial<ConsoleHandlers>;
}
