// What is changed about a user from the console. Each is done by its noun; here stand the form's fields and the way back.

import * as v from "valibot";
import { lookAlikeKey } from "../../../words/user-name.ts";
import { setRole } from "../../accounts/accounts.ts";
import { roles } from "../../accounts/roles.ts";
import { checkMayHelp } from "../../accounts/who-helps.ts";
import { Failure } from "../../failure.ts";
import { form, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { forgetFailures, userThrottle } from "../../sessions/throttle.ts";
import type { Tx } from "../../store/store.ts";
import { disableUser, removeUser } from "../../users/leave.ts";
import {
  addUser,
  enableUser,
  joinGroup,
  leaveGroup,
  theUserById,
  type User,
  unlockUser,
} from "../../users/users.ts";
import { type FieldFaults, readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";

const newUserForm = v.strictObject({ name: v.string(), displayName: v.string(), groups: v.string() });

export function userChanges(parts: ConsoleParts) {
  const { store, vault, identity, random } = parts;
  const signingKey = identity.signing.privateKey;
  const change = async (visit: SignedIn, done: string, work: (tx: Tx, user: User) => Promise<void>) => {
    await visit.write(async (tx) => work(tx, await theUserById(tx, visit.param("id"))));
    return visit.goTo(`/admin/users/${visit.param("id")}`, done);
  };
  return {
    "GET /admin/users/add": async (visit) => addPage(visit, {}, undefined, 200),
    "POST /admin/users/add": async (visit) => {
      const wish = readOrRefuse(visit.form, newUserForm);
      const groups = wish.groups.split(/[,\n]/).map((group) => group.trim());
      try {
        const added = await visit.write((tx) =>
          addUser(tx, { ...wish, groups: groups.filter((group) => group !== "") }, random, visit.nowMs),
        );
        return visit.goTo(`/admin/users/${added.id}`, "user-added");
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return addPage(visit, { name: error.message }, error, 400);
      }
    },
    "POST /admin/users/:id/unlock": (visit) =>
      change(visit, "user-unlocked", async (tx, user) => {
        await checkMayHelp(tx, visit.session.role, user);
        await unlockUser(tx, user, visit.nowMs);
        await forgetFailures(tx, userThrottle(vault, lookAlikeKey(user.name)));
      }),
    "POST /admin/users/:id/enable": (visit) =>
      change(visit, "user-enabled", (tx, user) => enableUser(tx, user, visit.nowMs)),
    "POST /admin/users/:id/disable": (visit) =>
      change(visit, "user-disabled", (tx, user) => disableUser(tx, signingKey, user, visit.nowMs)),
    "GET /admin/users/:id/remove": async (visit) => {
      const user = await theUserById(store.db, visit.param("id"));
      const content = html`<p>The user's authenticators go, and offline use ends on every machine. This can't be taken back. Disabling keeps the authenticators.</p>
${form({
  action: `/admin/users/${user.id}/remove`,
  token: visit.token,
  content: [],
  submit: `Remove ${user.name}`,
  tone: "danger",
  back: `/admin/users/${user.id}`,
})}`;
      return visit.page({ title: `Remove ${user.name}?`, content });
    },
    "POST /admin/users/:id/remove": async (visit) => {
      await visit.write(async (tx) =>
        removeUser(tx, signingKey, await theUserById(tx, visit.param("id")), visit.nowMs),
      );
      return visit.goTo("/admin/users", "user-removed");
    },
    "POST /admin/users/:id/groups": (visit) => {
      const wish = readOrRefuse(
        visit.form,
        v.strictObject({ change: v.picklist(["join", "leave"]), group: v.string() }),
      );
      return change(visit, "groups-changed", (tx, user) =>
        (wish.change === "join" ? joinGroup : leaveGroup)(tx, user, wish.group.trim(), visit.nowMs),
      );
    },
    "POST /admin/users/:id/role": (visit) => {
      const { role } = readOrRefuse(visit.form, v.strictObject({ role: v.picklist(roles) }));
      return change(visit, "role-changed", (tx, user) =>
        setRole(tx, { user, role, evenTheLastAdmin: false }, visit.nowMs),
      );
    },
  } satisfies Partial<ConsoleHandlers>;
}

function addPage(
  visit: SignedIn,
  faults: FieldFaults,
  failure: Failure | undefined,
  status: number,
): Response {
  const { form: sent } = visit;
  const content = form({
    action: "/admin/users/add",
    token: visit.token,
    className: "narrow card",
    submit: "Add",
    back: "/admin/users",
    content: [
      textField({
        name: "name",
        label: "User name",
        hint: "As it is typed at a sign-in; with a domain where machines add one.",
        value: sent.text("name"),
        fault: faults["name"],
        required: true,
        literal: true,
        most: 256,
      }),
      textField({ name: "displayName", label: "Name", value: sent.text("displayName"), most: 200 }),
      textField({
        name: "groups",
        label: "Groups",
        hint: "Joined by commas.",
        value: sent.text("groups"),
        most: 2_000,
      }),
    ],
  });
  const notice = failure && ({ tone: "fault", text: "The user was not added." } as const);
  return visit.page({ title: "Add a user", content, notice }, status);
}
