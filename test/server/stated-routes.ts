// What the console's routes are for, and forms that would change something at each.

import type { Role } from "../../server/accounts/roles.ts";
import type { TestServer } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

export type Who = "anyone" | "signed-in" | readonly Role[];

const all: Who = ["help-desk", "auditor", "admin"];
const look: Who = ["auditor", "admin"];
const help: Who = ["help-desk", "admin"];
const admin: Who = ["admin"];

export const consoleRoutes: Readonly<Record<string, Who>> = {
  "GET /admin/sign-in": "anyone",
  "POST /admin/sign-in": "anyone",
  "GET /admin/sign-in/challenge": "anyone",
  "POST /admin/sign-in/challenge": "anyone",
  "POST /admin/sign-out": "signed-in",
  "POST /admin/sign-out-everywhere": "signed-in",
  "GET /admin/confirm": "signed-in",
  "POST /admin/confirm": "signed-in",
  "GET /admin/account": all,
  "POST /admin/account/password": all,
  "GET /admin": all,
  "GET /admin/sign-ins.json": all,
  "GET /admin/lease-ends.json": all,
  "GET /admin/users": all,
  "GET /admin/users/add": admin,
  "POST /admin/users/add": admin,
  "GET /admin/users/:id": all,
  "POST /admin/users/:id/unlock": help,
  "POST /admin/users/:id/pin/reset": help,
  "POST /admin/users/:id/pin/initial": admin,
  "POST /admin/users/:id/enable": admin,
  "POST /admin/users/:id/disable": admin,
  "GET /admin/users/:id/remove": admin,
  "POST /admin/users/:id/remove": admin,
  "POST /admin/users/:id/rename": admin,
  "POST /admin/users/:id/groups": admin,
  "POST /admin/users/:id/role": admin,
  "POST /admin/users/:id/set-up-link": admin,
  "POST /admin/users/:id/reset": admin,
  "POST /admin/users/:id/invite": admin,
  "POST /admin/users/:id/invite-link": admin,
  "POST /admin/users/:id/withdraw-invitation": admin,
  "POST /admin/users/:id/renew-seeds": admin,
  "POST /admin/users/:id/addresses": admin,
  "POST /admin/users/:id/addresses/remove": admin,
  "POST /admin/users/:id/addresses/codes": admin,
  "POST /admin/users/:id/authenticators": admin,
  "POST /admin/users/:id/authenticators/remove": admin,
  "GET /admin/machines": all,
  "GET /admin/machines/remove": admin,
  "POST /admin/machines/remove": admin,
  "GET /admin/machines/:id": all,
  "POST /admin/machines/:id/exempt": admin,
  "POST /admin/machines/:id/tags": admin,
  "POST /admin/machines/:id/clear-flags": admin,
  "GET /admin/machines/:id/revoke": admin,
  "POST /admin/machines/:id/revoke": admin,
  "POST /admin/machines/:id/unlock-user": help,
  "GET /admin/enrolments": all,
  "GET /admin/enrolments.csv": all,
  "GET /admin/enrolments/end": admin,
  "POST /admin/enrolments/end": admin,
  "GET /admin/policies": look,
  "GET /admin/policies/add": admin,
  "GET /admin/policies/edit": look,
  "POST /admin/policies/look": admin,
  "POST /admin/policies/save": admin,
  "GET /admin/policies/remove": admin,
  "POST /admin/policies/remove": admin,
  "GET /admin/join-tokens": admin,
  "POST /admin/join-tokens": admin,
  "POST /admin/join-tokens/:id/remove": admin,
  "GET /admin/audit": look,
  "GET /admin/audit.csv": look,
  "GET /admin/settings": look,
  "GET /admin/settings/:page": look,
  "POST /admin/settings/:page": admin,
  "POST /admin/settings/:page/:action": admin,
  "GET /admin/settings/mail/queue": look,
  "GET /admin/settings/mail/queue.csv": look,
  "POST /admin/settings/mail/queue/retry-all": admin,
  "POST /admin/settings/mail/queue/:id/retry": admin,
  "POST /admin/settings/mail/queue/:id/drop": admin,
};

/** Of the portal and of one-time links: what somebody may ask who has not signed in. Everything else there is for a session. */
export const openRoutes: readonly string[] = [
  ..."language sign-in sign-in/challenge sign-in/mail sign-in/mail-code first first/code at-machine invitation invitation/prove"
    .split(" ")
    .map((path) => `POST /portal/${path}`),
  ..."sign-in sign-in/challenge sign-in/mail first at-machine invitation"
    .split(" ")
    .map((path) => `GET /portal/${path}`),
  "GET /set-up",
  "POST /set-up",
];

/** Signed requests of machines, and what anybody may read. */
export const outsideRoutes: readonly string[] = [
  ..."join probe send-code challenge verify recover enrol provide sync rotate"
    .split(" ")
    .map((name) => `POST /v1/${name}`),
  ..."/ /add /add/ /assets/* /openapi.json /healthz /readyz".split(" ").map((path) => `GET ${path}`),
];

/** What the pages' own forms would send. */
export async function fieldsOf(
  { server, machine }: { readonly server: TestServer; readonly machine: TestMachine },
  route: string,
): Promise<Readonly<Record<string, string>>> {
  const found = await server.store.db
    .selectFrom("users")
    .select("id")
    .where("name", "=", "alice")
    .executeTakeFirst();
  const [key] = await server.store.db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", found?.id ?? "")
    .orderBy("id")
    .execute();
  const provisioning = {
    who: "everybody",
    groups: "",
    mailCode: "off",
    invitationHours: "24",
    pendingMinutes: "30",
    types: "totp",
    algorithm: "sha1",
    digits: "6",
    periodSeconds: "30",
  };
  const fields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "POST /admin/users/add": { name: "mallory", displayName: "", groups: "" },
    "POST /admin/users/:id/rename": { newName: "mallory" },
    "POST /admin/users/:id/groups": { change: "join", group: "wheel" },
    "POST /admin/users/:id/role": { role: "admin" },
    "POST /admin/users/:id/addresses": { place: "mail-1", address: "mallory@evil.example" },
    "POST /admin/users/:id/addresses/remove": { place: "mail-1" },
    "POST /admin/users/:id/addresses/codes": { which: "1" },
    "POST /admin/users/:id/authenticators": { type: "totp" },
    "POST /admin/users/:id/authenticators/remove": { one: key?.id ?? "" },
    "POST /admin/machines/:id/exempt": { exempt: "yes" },
    "POST /admin/machines/:id/tags": { change: "add", tag: "field" },
    "POST /admin/machines/:id/unlock-user": { user: "alice", challenge: "12345678" },
    "POST /admin/enrolments/end": { one: `${machine.id}.${found?.id ?? ""}` },
    "POST /admin/policies/remove": { name: "default", seen: "" },
    "POST /admin/join-tokens": { uses: "5", hours: "5", tags: "" },
    "POST /admin/settings/:page": provisioning,
  };
  return fields[route] ?? {};
}
