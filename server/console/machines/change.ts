// What is changed about a machine from the console, and the help desk's answer to a challenge on its screen.

import * as v from "valibot";
import { inGroups, parseChallenge } from "../../../otp/help-desk.ts";
import { checkMayHelp } from "../../accounts/who-helps.ts";
import { Failure } from "../../failure.ts";
import { answerChallenge } from "../../help-desk/answer.ts";
import { clearFlags, exemptMachine, type Machine, theMachineById } from "../../machines/machines.ts";
import { revokeMachine } from "../../machines/revoke.ts";
import { addTag, removeTag } from "../../machines/tags.ts";
import { form } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import type { Tx } from "../../store/store.ts";
import { theUser } from "../../users/users.ts";
import { readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";
import { machinePage } from "./show.ts";

export function machineChanges(parts: ConsoleParts) {
  const { store, identity, vault } = parts;
  const change = async (
    visit: SignedIn,
    done: string,
    work: (tx: Tx, machine: Machine) => Promise<unknown>,
  ) => {
    await visit.write(async (tx) => work(tx, await theMachineById(tx, visit.param("id"))));
    return visit.goTo(`/admin/machines/${visit.param("id")}`, done);
  };
  return {
    "POST /admin/machines/:id/exempt": (visit) => {
      const { exempt } = readOrRefuse(visit.form, v.strictObject({ exempt: v.picklist(["yes", "no"]) }));
      return change(visit, "machine-changed", (tx, machine) =>
        exemptMachine(tx, machine, exempt === "yes", visit.nowMs),
      );
    },
    "POST /admin/machines/:id/tags": (visit) => {
      const wish = readOrRefuse(
        visit.form,
        v.strictObject({ change: v.picklist(["add", "remove"]), tag: v.string() }),
      );
      return change(visit, "machine-changed", (tx, machine) =>
        (wish.change === "add" ? addTag : removeTag)(tx, machine, wish.tag.trim(), visit.nowMs),
      );
    },
    "POST /admin/machines/:id/clear-flags": (visit) =>
      change(visit, "flags-cleared", (tx, machine) => clearFlags(tx, machine, visit.nowMs)),
    "GET /admin/machines/:id/revoke": async (visit) => {
      const machine = await theMachineById(store.db, visit.param("id"));
      const content = html`<p>At its next contact the machine erases its keys and all it keeps. There is no way back: it has to join anew. Without contact, offline use ends with each lease.</p>
${form({
  action: `/admin/machines/${machine.id}/revoke`,
  token: visit.token,
  content: [],
  submit: `Revoke ${machine.hostname}`,
  tone: "danger",
  back: `/admin/machines/${machine.id}`,
})}`;
      return visit.page({ title: `Revoke ${machine.hostname}?`, content });
    },
    "POST /admin/machines/:id/revoke": (visit) =>
      change(visit, "machine-revoked", (tx, machine) =>
        revokeMachine(tx, identity.signing.privateKey, machine, visit.nowMs),
      ),
    "POST /admin/machines/:id/unlock-user": async (visit) => {
      const wish = readOrRefuse(visit.form, v.strictObject({ user: v.string(), challenge: v.string() }));
      const challenge = parseChallenge(wish.challenge);
      if (challenge === undefined)
        throw new Failure(
          "invalid",
          "a challenge has 8 digits, or 10 from a machine that doesn't know the time",
        );
      const answered = await visit.write(async (tx) => {
        const user = await theUser(tx, wish.user);
        await checkMayHelp(tx, visit.session.role, user);
        const machine = await theMachineById(tx, visit.param("id"));
        const operator = visit.session.userName;
        return answerChallenge(tx, vault, { user, machine, challenge, operator }, visit.nowMs);
      });
      if (answered.kind === "refused") throw new Failure("conflict", answered.say);
      const box = html`<div class="notice done" role="status"><p>Read this back to ${wish.user}. It is good for the challenge on the screen, in this hour.</p><p class="answer">${inGroups(answered.answer)}</p></div>`;
      return machinePage(visit, parts, box);
    },
  } satisfies Partial<ConsoleHandlers>;
}
