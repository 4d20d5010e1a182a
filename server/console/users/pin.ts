// A user's PIN as others see it: how it stands, a first one made for them, and the way to take it away.

import * as v from "valibot";
import { checkMayHelp, mayHelp } from "../../accounts/who-helps.ts";
import type { Role } from "../../accounts/roles.ts";
import { Failure } from "../../failure.ts";
import { buttonForm } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { moment } from "../../pages/time.ts";
import { givePin, takePinAway } from "../../pins/choose-pin.ts";
import { checkPin, freshPin, initialPin, pinRulesOf, plainRules } from "../../pins/new-pin.ts";
import { pinOf, pinState } from "../../pins/pins.ts";
import { theUserById, type User } from "../../users/users.ts";
import { readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";
import { shownOnce } from "./authenticators.ts";

export function pinChanges(parts: ConsoleParts) {
  return {
    "POST /admin/users/:id/pin/reset": async (visit) => {
      await visit.write(async (tx) => {
        const user = await theUserById(tx, visit.param("id"));
        await checkMayHelp(tx, visit.session.role, user);
        await takePinAway(tx, parts, user.id, visit.nowMs);
      });
      return visit.goTo(`/admin/users/${visit.param("id")}`, "pin-reset");
    },
    "POST /admin/users/:id/pin/initial": async (visit) => {
      const { store, random } = parts;
      readOrRefuse(visit.form, v.strictObject({}));
      const { id, name } = await theUserById(store.db, visit.param("id"));
      // It would end this very session, and open nothing until it is changed.
      if (id === visit.session.userId)
        throw new Failure("conflict", "you set your own PIN in the portal, under PIN");
      const rules = (await pinRulesOf(store.db, id)) ?? plainRules;
      const pin = initialPin(rules, random);
      checkPin(pin, rules);
      // Argon2id takes its time, so it is hashed before the transaction.
      const passed = await parts.lane.pass(visit.session.userId, () => freshPin(pin, random));
      if (passed === undefined)
        throw new Failure("conflict", "too many are doing this at the moment; try again in a minute");
      const made = passed.value;
      const user = await visit.write(async (tx) => {
        const found = await theUserById(tx, id);
        await givePin(tx, parts, found, made, true, visit.nowMs);
        return found;
      });
      const secret = html`<p>Initial PIN: <code class="key">${pin}</code></p>
<p>${name} signs in to the portal with it and changes it there, under PIN; until then it opens nothing else. Where a machine of theirs may have been copied, give a new authenticator, too.</p>`;
      return shownOnce(visit, user, secret);
    },
  } satisfies Partial<ConsoleHandlers>;
}

/** Nothing where there is none, and nobody asks for one. */
export async function pinPart(
  visit: SignedIn,
  { store, vault }: ConsoleParts,
  user: User,
  role: Role,
): Promise<Markup | null> {
  const pin = await pinOf(store.db, vault, user.id);
  const asked = (await pinRulesOf(store.db, user.id)) !== undefined;
  if (pin === undefined && !asked) return null;
  const since = pin && html`since ${moment(pin.setAtMs)}`;
  const states = {
    none: html`None yet: codes let in to the portal, where one is set, and on no machine.`,
    "must-change": html`Set by somebody else ${since}; the user has to change it in the portal.`,
    locked: html`<span class="tag bad">locked</span> after ${pin?.failures ?? 0} wrong in a row, each with a right code.`,
    set: html`Set ${since}.`,
  };
  const reset =
    pin !== undefined &&
    may(visit.session.role, "POST /admin/users/:id/pin/reset") &&
    mayHelp(visit.session.role, role) &&
    buttonForm({
      action: `/admin/users/${user.id}/pin/reset`,
      token: visit.token,
      label: "Reset the PIN",
      about: user.name,
    });
  const initial =
    may(visit.session.role, "POST /admin/users/:id/pin/initial") &&
    user.id !== visit.session.userId &&
    buttonForm({
      action: `/admin/users/${user.id}/pin/initial`,
      token: visit.token,
      label: pin === undefined ? "Make an initial PIN" : "Make another initial PIN",
      about: user.name,
    });
  return html`<h2>PIN</h2>
<p>${states[pinState(pin)]}${asked ? null : html` No policy asks for it.`}</p>
${(initial || reset) && html`<div class="actions">${initial}${reset}</div>`}`;
}
