// One's own authenticators: which there are, another one, another name, and none of one.

import {
  type ListedAuthenticator,
  listAuthenticators,
  removeAuthenticator,
  renameAuthenticator,
} from "../authenticators/manage.ts";
import { typesFor } from "../authenticators/template.ts";
import { Failure } from "../failure.ts";
import { buttonForm, form, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import { beginPending, dropPending, findPending, provePending } from "../provisioning/pending.ts";
import { provisioningSetting } from "../provisioning/provisioning-setting.ts";
import { mayProvision } from "../provisioning/who-may.ts";
import { readSetting } from "../settings/settings.ts";
import type { Handlers } from "../web/gate.ts";
import type { SignedIn } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { choosing, type Fault, faultAt, faultOf, readName, readType, scanning } from "./adding.ts";
import { speechOf } from "./area.ts";
import { ownUser, type PortalParts, simpleTable, time } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

const base = "/portal/authenticators";

type Pages = Pick<
  Handlers<typeof portalAccess>,
  | "GET /portal/authenticators"
  | "GET /portal/authenticators/add"
  | "POST /portal/authenticators/add"
  | "POST /portal/authenticators/prove"
  | "POST /portal/authenticators/give-up"
  | "GET /portal/authenticators/:id"
  | "POST /portal/authenticators/:id/rename"
  | "POST /portal/authenticators/:id/remove"
>;

export function authenticatorPages(parts: PortalParts): Pages {
  const { store, vault, random } = parts;
  const { db } = store;

  const addPage = async (visit: SignedIn, name: string, fault: Fault | undefined, status: number) => {
    const speech = speechOf(visit);
    const { say } = speech;
    const { session, token, nowMs } = visit;
    if (!(await mayProvision(db, session.userId))) return notAllowed(visit);
    const pending = await findPending(db, vault, session.userId, inSession(visit), nowMs);
    if (pending === undefined) {
      const setting = await readSetting(db, provisioningSetting);
      const offered = await typesFor(db, session.userId, setting.types);
      const content = choosing(speech, offered, { action: `${base}/add`, token }, name, fault);
      return visit.page({ title: say("add"), content }, status);
    }
    const content = html`${scanning(speech, pending, session.userName, { action: `${base}/prove`, token }, { fault })}
<p class="beside">${buttonForm({ action: `${base}/give-up`, token, label: say("give-up") })}</p>`;
    return visit.page(
      { title: say(pending.challenge === null ? "scan-title" : "type-ocra"), content },
      status,
    );
  };

  return {
    "GET /portal/authenticators": async (visit) => {
      const speech = speechOf(visit);
      const { say } = speech;
      const listed = await listAuthenticators(db, vault, await ownUser(db, visit));
      const may = await mayProvision(db, visit.session.userId);
      const heads = [say("column-name"), say("column-kind"), say("column-added")];
      const rows = listed.map((one) => [
        html`<a href="${base}/${one.authenticator.id}">${nameOf(speech, one)}</a>`,
        say(`kind-${one.authenticator.type}`),
        time(speech, one.createdAtMs),
      ]);
      const add = may
        ? html`<p class="head"><a class="button" href="${base}/add">${say("add")}</a></p>`
        : html`<p class="soft">${say("not-allowed")}</p>`;
      const list =
        rows.length === 0
          ? html`<p class="nothing">${say("no-authenticators")}</p>`
          : simpleTable(say("authenticators"), heads, rows);
      return visit.page({ title: say("authenticators"), content: html`${add}${list}` });
    },
    "GET /portal/authenticators/add": (visit) => addPage(visit, "", undefined, 200),
    "POST /portal/authenticators/add": async (visit) => {
      const setting = await readSetting(db, provisioningSetting);
      const name = readName(visit.form);
      try {
        const begun = await visit.write(async (tx) => {
          const user = await ownUser(tx, visit);
          if (!(await mayProvision(tx, user.id))) return false;
          const type = readType(visit.form, await typesFor(tx, user.id, setting.types));
          const wish = { type, name, origin: inSession(visit) };
          await beginPending(tx, vault, user, wish, setting, random, visit.nowMs);
          return true;
        });
        return begun ? visit.goTo(`${base}/add`) : notAllowed(visit);
      } catch (error) {
        return addPage(visit, name, faultAt(speechOf(visit), error), 400);
      }
    },
    "POST /portal/authenticators/prove": async (visit) => {
      const { say } = speechOf(visit);
      try {
        const outcome = await visit.write(async (tx) => {
          const user = await ownUser(tx, visit);
          const origin = inSession(visit);
          if (!(await mayProvision(tx, user.id))) return { kind: "not-allowed" } as const;
          const name = (await findPending(tx, vault, user.id, origin, visit.nowMs))?.name ?? "";
          const code = visit.form.text("code");
          const proved = await provePending(tx, vault, user, origin, code, random, visit.nowMs);
          if (proved.kind === "added")
            await tellOfChange(tx, parts, user, { kind: "authenticator-added", name }, visit.nowMs);
          return proved;
        });
        switch (outcome.kind) {
          case "not-allowed":
            return notAllowed(visit);
          case "added":
            return visit.goTo(base, "added");
          case "wrong":
            return addPage(visit, "", { field: "code", text: say("prove-wrong") }, 400);
          case "none":
            return addPage(visit, "", { field: "authenticator-name", text: say("prove-gone") }, 409);
        }
      } catch (error) {
        return addPage(visit, "", faultAt(speechOf(visit), error), 409);
      }
    },
    "POST /portal/authenticators/give-up": async (visit) => {
      await visit.write((tx) => dropPending(tx, visit.session.userId));
      return visit.goTo(base, "given-up");
    },
    "GET /portal/authenticators/:id": (visit) => onePage(parts, visit, undefined, 200),
    "POST /portal/authenticators/:id/rename": async (visit) => {
      const name = visit.form.text("authenticator-name").trim();
      try {
        await visit.write(async (tx) =>
          renameAuthenticator(tx, await ownUser(tx, visit), visit.param("id"), name, visit.nowMs),
        );
        return visit.goTo(base, "renamed");
      } catch (error) {
        if (error instanceof Failure && error.code === "not-found") throw error;
        return onePage(parts, visit, faultOf(speechOf(visit), error), 400);
      }
    },
    "POST /portal/authenticators/:id/remove": async (visit) => {
      const id = visit.param("id");
      await visit.write(async (tx) => {
        const user = await ownUser(tx, visit);
        const name = (await find(parts, tx, user, id)).name;
        await removeAuthenticator(tx, user, id, visit.nowMs);
        await tellOfChange(tx, parts, user, { kind: "authenticator-removed", name }, visit.nowMs);
      });
      return visit.goTo(base, "removed");
    },
  };
}

async function onePage(
  parts: PortalParts,
  visit: SignedIn,
  fault: string | undefined,
  status: number,
): Promise<Response> {
  const { db } = parts.store;
  const speech = speechOf(visit);
  const { say } = speech;
  const user = await ownUser(db, visit);
  const one = await find(parts, db, user, visit.param("id"));
  const last = (await listAuthenticators(db, parts.vault, user)).length === 1;
  const { token } = visit;
  const at = `${base}/${one.authenticator.id}`;
  const renaming = form({
    action: `${at}/rename`,
    token,
    className: "narrow card",
    submit: say("rename"),
    content: textField({
      name: "authenticator-name",
      label: say("authenticator-name"),
      hint: say("authenticator-name-hint"),
      value: fault === undefined ? one.name : visit.form.text("authenticator-name"),
      fault,
      most: 50,
    }),
  });
  const removing = form({
    action: `${at}/remove`,
    token,
    tone: "danger",
    submit: say("remove"),
    content: html`<p>${say("remove-text")}</p>${last ? html`<p><strong>${say("remove-last")}</strong></p>` : null}`,
  });
  const content = html`${renaming}<h2>${say("remove-title")}</h2>${removing}`;
  return visit.page({ title: nameOf(speech, one), content }, status);
}

/** @throws Failure when the user has none with this id: another user's is the same as none. */
async function find(
  { vault }: PortalParts,
  db: PortalParts["store"]["db"],
  user: Parameters<typeof listAuthenticators>[2],
  id: string,
): Promise<ListedAuthenticator> {
  const listed = await listAuthenticators(db, vault, user);
  const one = listed.find(({ authenticator }) => authenticator.id === id);
  if (one === undefined) throw new Failure("not-found", "there is no such authenticator");
  return one;
}

/** Begun in this session, and finished in it. */
function inSession({ session }: SignedIn) {
  return { session: session.idHash };
}

function nameOf({ say }: PortalSpeech, { name, authenticator }: ListedAuthenticator): string {
  if (name !== "") return name;
  return authenticator.type === "backup-codes" ? say("kind-backup-codes") : say("unnamed");
}

function notAllowed(visit: SignedIn): Response {
  const { say } = speechOf(visit);
  const notice = { tone: "fault", text: say("not-allowed") } as const;
  const content: Markup = html`<p><a href="${base}">${say("back")}</a></p>`;
  return visit.page({ title: say("add"), notice, content }, 403);
}
