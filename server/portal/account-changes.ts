// Changes of one's own addresses and password. An address counts once a code that was mailed there is typed; the old one
// is told of it.

import { changeOwnPassword } from "../accounts/own-password.ts";
import { parseMailAddress } from "../mail/address.ts";
import { addressesOf, chooseForCodes, removeAddress, setProvedAddress } from "../mail/addresses.ts";
import { signedInAsks } from "../mail/code-limits.ts";
import { form, hidden } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html } from "../pages/markup.ts";
import { askMailCode } from "../provisioning/ask-mail-code.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import { judgeMailCode, spendMailCode } from "../provisioning/mail-codes.ts";
import type { AddressPlace } from "../store/tables.ts";
import type { Handlers } from "../web/gate.ts";
import type { SignedIn } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { accountPage } from "./account.ts";
import { speechOf } from "./area.ts";
import { digitsField, ownUser, type PortalParts, waitText } from "./parts.ts";

const base = "/portal/account";
const purpose = "address" as const;

type Pages = Pick<
  Handlers<typeof portalAccess>,
  | "GET /portal/account"
  | "POST /portal/account/address"
  | "POST /portal/account/address/prove"
  | "POST /portal/account/address/remove"
  | "POST /portal/account/codes"
  | "POST /portal/account/password"
>;

export function accountPages(parts: PortalParts): Pages {
  const { vault } = parts;
  return {
    "GET /portal/account": (visit) => accountPage(parts, visit, {}, 200),
    "POST /portal/account/address": async (visit) => {
      const { say } = speechOf(visit);
      const address = parseMailAddress(visit.form.text("address").trim());
      if (!address.ok) return accountPage(parts, visit, { address: say("address-wrong") }, 400);
      const place = placeOf(visit.form.text("place"));
      const asked = await visit.write(async (tx) => {
        const user = await ownUser(tx, visit);
        const detail = JSON.stringify({ place, address: address.value });
        const to = { to: address.value, by: signedInAsks(user.id), sessionHash: visit.session.idHash };
        const { id, sent } = await askMailCode(tx, parts, { user, purpose, detail, ...to }, visit.nowMs);
        return sent ? id : undefined;
      });
      return asked === undefined
        ? accountPage(parts, visit, { address: say("address-unsent") }, 409)
        : provePage(visit, asked, address.value, undefined, 200);
    },
    "POST /portal/account/address/prove": async (visit) => {
      const id = visit.form.text("id");
      const done = await visit.write(async (tx) => {
        const user = await ownUser(tx, visit);
        const code = visit.form.text("code");
        const { idHash } = visit.session;
        const right = await judgeMailCode(tx, vault, id, purpose, code, visit.nowMs, idHash);
        if (right?.userId !== user.id) return false;
        await spendMailCode(tx, id);
        const { place, address } = JSON.parse(right.detail) as { place: AddressPlace; address: string };
        const before = (await addressesOf(tx, user.id)).find((one) => one.place === place)?.address;
        await setProvedAddress(tx, user, place, address, visit.nowMs);
        const change = { kind: "address-changed", address } as const;
        await tellOfChange(tx, parts, user, change, visit.nowMs, before === undefined ? [] : [before]);
        return true;
      });
      if (done) return visit.goTo(base, "address");
      const notice = { tone: "fault", text: speechOf(visit).say("first-code-wrong") } as const;
      return provePage(visit, id, visit.form.text("address"), notice, 400);
    },
    "POST /portal/account/address/remove": async (visit) => {
      await visit.write(async (tx) => {
        const user = await ownUser(tx, visit);
        const place = placeOf(visit.form.text("place"));
        const before = (await addressesOf(tx, user.id)).find((one) => one.place === place)?.address ?? "";
        await removeAddress(tx, user, place, visit.nowMs);
        const change = { kind: "address-removed", address: before } as const;
        await tellOfChange(tx, parts, user, change, visit.nowMs, [before]);
      });
      return visit.goTo(base, "address-removed");
    },
    "POST /portal/account/codes": async (visit) => {
      const wanted = visit.form.text("places");
      const places: AddressPlace[] = wanted === "both" ? ["mail-1", "mail-2"] : [placeOf(wanted)];
      await visit.write(async (tx) => chooseForCodes(tx, await ownUser(tx, visit), places, visit.nowMs));
      return visit.goTo(base, "codes");
    },
    "POST /portal/account/password": async (visit) => {
      const { say } = speechOf(visit);
      const { form: sent } = visit;
      const wish = { old: sent.text("old"), fresh: sent.text("fresh"), repeated: sent.text("repeated") };
      const outcome = await changeOwnPassword(parts, visit, wish);
      switch (outcome.kind) {
        case "changed":
          return visit.withSession(visit.goTo(base, "password"), outcome.id);
        case "weak":
          return accountPage(parts, visit, { fresh: say("password-weak") }, 400);
        case "differs":
          return accountPage(parts, visit, { repeated: say("password-differ") }, 400);
        case "old-wrong":
          return accountPage(parts, visit, { old: say("password-old-wrong") }, 400);
        case "wait": {
          const old = waitText(speechOf(visit), outcome.untilMs, visit.nowMs);
          return accountPage(parts, visit, { old }, 429);
        }
        case "busy":
          return accountPage(parts, visit, { old: say("busy") }, 503);
      }
    },
  };
}

function placeOf(text: string): "mail-1" | "mail-2" {
  return text === "mail-2" ? "mail-2" : "mail-1";
}

function provePage(
  visit: SignedIn,
  id: string,
  address: string,
  notice: Notice | undefined,
  status: number,
): Response {
  const { say } = speechOf(visit);
  const content = html`<p>${say("address-prove", { address })}</p>${form({
    action: `${base}/address/prove`,
    token: visit.token,
    className: "narrow card",
    submit: say("prove-button"),
    content: [hidden("id", id), hidden("address", address), digitsField("code", say("mail-code"))],
  })}`;
  return visit.page({ title: say("address-prove-title"), notice, content }, status);
}
