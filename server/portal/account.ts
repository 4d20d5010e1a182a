// One's own account: where codes go, and the password.

import { accountOf } from "../accounts/accounts.ts";
import { addressesOf, isMail } from "../mail/addresses.ts";
import { buttonForm, form, selectField, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import type { SecretName } from "../pages/secret-fields.ts";
import { isMailOn } from "../provisioning/letters.ts";
import type { SignedIn } from "../web/visit.ts";
import { speechOf } from "./area.ts";
import type { PortalParts } from "./parts.ts";

export interface AccountFaults {
  readonly address?: string;
  readonly old?: string;
  readonly fresh?: string;
  readonly repeated?: string;
}

export async function accountPage(
  parts: PortalParts,
  visit: SignedIn,
  faults: AccountFaults,
  status: number,
): Promise<Response> {
  const { say } = speechOf(visit);
  const content = html`<h2>${say("addresses")}</h2>${await addresses(parts, visit, faults)}
${await password(parts, visit, faults)}`;
  return visit.page({ title: say("account"), content }, status);
}

async function addresses({ store }: PortalParts, visit: SignedIn, faults: AccountFaults): Promise<Markup> {
  const { db } = store;
  const { say } = speechOf(visit);
  const { token, session } = visit;
  const mails = (await addressesOf(db, session.userId)).filter(isMail);
  const of = (place: "mail-1" | "mail-2") => mails.find((one) => one.place === place);
  const fact = (place: "mail-1" | "mail-2", label: string) => {
    const known = of(place);
    const removing = buttonForm({
      action: "/portal/account/address/remove",
      token,
      label: say("address-remove"),
      about: label,
      values: { place },
    });
    return html`<dt>${label}</dt><dd>${known === undefined ? say("address-none") : html`${known.address} ${removing}`}</dd>`;
  };
  const places = [
    { value: "mail-1", label: say("address-1") },
    { value: "mail-2", label: say("address-2") },
  ];
  const chosen = mails.filter((one) => one.forCodes).map((one) => one.place);
  const choice =
    mails.length < 2
      ? null
      : form({
          action: "/portal/account/codes",
          token,
          className: "narrow card",
          submit: say("save"),
          content: selectField({
            name: "places",
            label: say("codes-to"),
            value: chosen.length === 2 ? "both" : (chosen[0] ?? "mail-1"),
            choices: [...places, { value: "both", label: say("codes-both") }],
          }),
        });
  const changing = (await isMailOn(db))
    ? form({
        action: "/portal/account/address",
        token,
        className: "narrow card",
        submit: say("address-change"),
        content: [
          selectField({ name: "place", label: say("address-place"), value: "mail-1", choices: places }),
          textField({
            name: "address",
            label: say("address-new"),
            type: "email",
            value: visit.form.text("address"),
            fault: faults.address,
            autocomplete: "email",
            required: true,
            most: 254,
          }),
        ],
      })
    : html`<p class="soft">${say("mail-off")}</p>`;
  return html`<p>${say("addresses-text")}</p>
<dl class="facts">${fact("mail-1", say("address-1"))}${fact("mail-2", say("address-2"))}</dl>${choice}${changing}`;
}

async function password({ store }: PortalParts, visit: SignedIn, faults: AccountFaults): Promise<Markup> {
  const { say } = speechOf(visit);
  const { sealedPassword } = await accountOf(store.db, visit.session.userId);
  const title = say(sealedPassword === null ? "password-set-title" : "password-title");
  const field = (name: SecretName, label: string, fault: string | undefined, more: object) =>
    textField({ name, label, type: "password", required: true, most: 200, fault, ...more });
  return html`<h2>${title}</h2>${form({
    action: "/portal/account/password",
    token: visit.token,
    className: "narrow card",
    submit: sealedPassword === null ? title : say("password-change"),
    content: [
      html`<input type="text" name="username" value="${visit.session.userName}" autocomplete="username" readonly hidden>`,
      sealedPassword === null
        ? html``
        : field("old", say("password-old"), faults.old, { autocomplete: "current-password" }),
      field("fresh", say("password-new"), faults.fresh, {
        autocomplete: "new-password",
        hint: say("password-hint"),
      }),
      field("repeated", say("password-repeated"), faults.repeated, { autocomplete: "new-password" }),
    ],
  })}`;
}
