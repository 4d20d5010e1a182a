// A user gets another name; and which machines have not dropped the one before.

import * as v from "valibot";
import { form, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { heldUnderFormerNames } from "../../machines/former-names.ts";
import { isOfDirectory, renameUser } from "../../users/rename.ts";
import { theUserById, type User } from "../../users/users.ts";
import { readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";

const mostNamed = 20;

export function renaming(parts: ConsoleParts) {
  return {
    "POST /admin/users/:id/rename": async (visit) => {
      const { newName } = readOrRefuse(visit.form, v.strictObject({ newName: v.string() }));
      await visit.write(async (tx) =>
        renameUser(tx, parts.vault, await theUserById(tx, visit.param("id")), newName, visit.nowMs),
      );
      return visit.goTo(`/admin/users/${visit.param("id")}`, "user-renamed");
    },
  } satisfies Partial<ConsoleHandlers>;
}

/** `enrolled`: on how many machines the user can sign in offline. */
export async function renamePart(
  visit: SignedIn,
  { store }: ConsoleParts,
  user: User,
  enrolled: number,
): Promise<Markup | null> {
  if (!may(visit.session.role, "POST /admin/users/:id/rename")) return null;
  const machines =
    enrolled === 0
      ? html`No machine holds the name of today.`
      : html`${enrolled} ${enrolled === 1 ? "machine drops" : "machines drop"} the name of today at the next sync, and one online sign-in under the new one is needed on each.`;
  return html`<h2>User name</h2>
<p class="soft">Groups, authenticators, PIN, addresses and role stay. ${machines} The user's sessions of these pages end, and links and codes on their way. Accounts on the machines are renamed there.${
    (await isOfDirectory(store.db, user.id)) &&
    html` The directory decides this user's name: its next sync gives the one that is there.`
  }</p>
${form({
  action: `/admin/users/${user.id}/rename`,
  token: visit.token,
  className: "filter",
  submit: "Rename",
  content: textField({ name: "newName", label: "New name", required: true, literal: true, most: 256 }),
})}`;
}

export async function stillHeld({ store }: ConsoleParts, user: User): Promise<Markup | null> {
  const { total, some } = await heldUnderFormerNames(store.db, user.id, mostNamed);
  if (total === 0) return null;
  const where = some.map(({ hostname, userName }) => `${hostname} (${userName})`).join(", ");
  const more = total - some.length;
  return html`<p>Still held under a former name, until the machine has synced: ${where}${more > 0 && ` and ${more} more`}.</p>`;
}
