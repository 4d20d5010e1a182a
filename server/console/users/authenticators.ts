// A user's authenticators, added and removed by an admin. A secret is on one page, once.

import * as v from "valibot";
import { type KeyType, keyTypes } from "../../../protocol/sync/policy.ts";
import {
  addOtp,
  makeBackupCodes,
  type KeyAuthenticator,
  removeAuthenticator,
  replaceBackupCodes,
} from "../../authenticators/manage.ts";
import { provisioningUri, secretText } from "../../authenticators/provisioning-uri.ts";
import { commonParameters, parametersFor } from "../../authenticators/template.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { Failure } from "../../failure.ts";
import { qrCode } from "../../pages/qr-code.ts";
import { theUserById, type User } from "../../users/users.ts";
import { readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "../parts.ts";

const addForm = v.strictObject({ type: v.picklist([...keyTypes, "backup-codes"]) });

export function authenticatorChanges(parts: ConsoleParts) {
  return {
    "POST /admin/users/:id/authenticators": async (visit) => {
      const { type } = readOrRefuse(visit.form, addForm);
      return type === "backup-codes" ? backupCodes(visit, parts) : key(visit, parts, type);
    },
    "POST /admin/users/:id/authenticators/remove": async (visit) => {
      const { one } = readOrRefuse(visit.form, v.strictObject({ one: v.string() }));
      await visit.write(async (tx) =>
        removeAuthenticator(tx, await theUserById(tx, visit.param("id")), one, visit.nowMs),
      );
      return visit.goTo(`/admin/users/${visit.param("id")}`, "authenticator-removed");
    },
  } satisfies Partial<ConsoleHandlers>;
}

async function key(visit: SignedIn, parts: ConsoleParts, type: KeyType): Promise<Response> {
  const { user, added } = await visit.write(async (tx) => {
    const found = await theUserById(tx, visit.param("id"));
    // As the policy wants new keys; the rest as every app takes it.
    const parameters = await parametersFor(tx, found.id, { type }, commonParameters);
    const wish = { type, ...parameters, counter: 0, secret: undefined };
    return { user: found, added: await addOtp(tx, parts.vault, found, wish, parts.random, visit.nowMs) };
  });
  return shownOnce(visit, user, keyMarkup(user, added));
}

/** Argon2id takes its time, so the codes are made before the transaction. */
async function backupCodes(visit: SignedIn, parts: ConsoleParts): Promise<Response> {
  await theUserById(parts.store.db, visit.param("id"));
  const passed = await parts.lane.pass(visit.session.userId, () => makeBackupCodes(parts.random));
  if (passed === undefined)
    throw new Failure("conflict", "too many are doing this at the moment; try again in a minute");
  const made = passed.value;
  const user = await visit.write(async (tx) => {
    const found = await theUserById(tx, visit.param("id"));
    await replaceBackupCodes(tx, parts.vault, found, made, visit.nowMs);
    return found;
  });
  const codes = html`<ul class="codes">${made.shown.map((code) => html`<li><code>${code}</code></li>`)}</ul>`;
  return shownOnce(
    visit,
    user,
    html`<p>Each of these is good once. They take the place of earlier ones.</p>${codes}`,
  );
}

function keyMarkup(user: User, added: KeyAuthenticator): Markup {
  const text = secretText(added).replaceAll(/(.{4})(?=.)/g, "$1 ");
  if (added.type === "ocra")
    return html`<p>Suite: <code>${added.suite}</code></p>
<p>Key: <code class="key">${text}</code></p>
<p>The same in hexadecimal: <code class="key">${Buffer.from(added.secret, "base64").toString("hex")}</code></p>`;
  return html`${qrCode(provisioningUri(added, user.name), "QR code of the new authenticator")}
<p>To be typed in instead: <code class="key">${text}</code></p>`;
}

export function shownOnce(visit: SignedIn, user: User, secret: Markup): Response {
  const content = html`<p>This is shown once. Give it to ${user.name} in a way that nobody else sees.</p>
<div class="card">${secret}</div>
<p><a class="button quiet" href="/admin/users/${user.id}">Done</a></p>`;
  return visit.page({ title: `New for ${user.name}`, content });
}
