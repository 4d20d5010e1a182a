// Where a user gets mail and text messages, on the user's page. Each change is told to the address that it replaces.

import * as v from "valibot";
import {
  type Address,
  addressesOf,
  chooseForCodes,
  isMail,
  removeAddress,
  setAddress,
} from "../../mail/addresses.ts";
import { buttonForm, form, selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { table } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import { tellOfChange } from "../../provisioning/letters.ts";
import { type AddressPlace, addressPlaces } from "../../store/tables.ts";
import { theUserById, type User } from "../../users/users.ts";
import { readOrRefuse } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";

const labels: Readonly<Record<AddressPlace, string>> = {
  "mail-1": "E-mail address 1",
  "mail-2": "E-mail address 2",
  phone: "Telephone",
};
const choices: Readonly<Record<"1" | "2" | "both", readonly AddressPlace[]>> = {
  "1": ["mail-1"],
  "2": ["mail-2"],
  both: ["mail-1", "mail-2"],
};

const newAddress = v.strictObject({
  place: v.picklist(addressPlaces),
  address: v.pipe(v.string(), v.trim()),
});

export function addressesPart(visit: SignedIn, user: User, addresses: readonly Address[]): Markup {
  const { token, session } = visit;
  const at = `/admin/users/${user.id}/addresses`;
  const change = may(session.role, "POST /admin/users/:id/addresses");
  const rows = addresses.map((one) => [
    labels[one.place],
    one.address,
    one.forCodes ? "yes" : "no",
    one.place === "phone" ? "" : one.provedAtMs === null ? "no" : moment(one.provedAtMs),
    change
      ? buttonForm({
          action: `${at}/remove`,
          token,
          label: "Remove",
          about: labels[one.place],
          values: { place: one.place },
        })
      : "",
  ]);
  const mails = addresses.filter(isMail);
  const chosen = mails.filter(({ forCodes }) => forCodes);
  const which = chosen.length === 2 ? "both" : chosen[0]?.place === "mail-2" ? "2" : "1";
  return html`<h2>Addresses</h2>
${table({
  caption: `Addresses of ${user.name}`,
  columns: ["Which", "Address", "Gets codes", "Proved by its user", ""].map((label) => ({ label })),
  rows,
  nothing: "No address: nothing can be sent to this user.",
})}
${
  change &&
  form({
    action: at,
    token,
    className: "filter below",
    submit: "Set",
    content: [
      selectField({
        name: "place",
        label: "Which",
        value: "mail-1",
        choices: addressPlaces.map((value) => ({ value, label: labels[value] })),
      }),
      textField({ name: "address", label: "Address or number", required: true, literal: true, most: 254 }),
    ],
  })
}
${
  change &&
  mails.length === 2 &&
  form({
    action: `${at}/codes`,
    token,
    className: "filter",
    submit: "Choose",
    content: selectField({
      name: "which",
      label: "Codes by mail go to",
      value: which,
      choices: [
        { value: "1", label: "Address 1" },
        { value: "2", label: "Address 2" },
        { value: "both", label: "Both" },
      ],
    }),
  })
}`;
}

export function addressChanges(parts: ConsoleParts) {
  const before = async (db: Parameters<typeof addressesOf>[0], user: User, place: AddressPlace) =>
    (await addressesOf(db, user.id)).find((known) => known.place === place && isMail(known))?.address;
  const done = (visit: SignedIn) => visit.goTo(`/admin/users/${visit.param("id")}`, "addresses-changed");
  return {
    "POST /admin/users/:id/addresses": async (visit) => {
      const { place, address } = readOrRefuse(visit.form, newAddress);
      await visit.write(async (tx) => {
        const user = await theUserById(tx, visit.param("id"));
        const old = await before(tx, user, place);
        await setAddress(tx, user, place, address, visit.nowMs);
        const now = await before(tx, user, place);
        if (now === undefined || now === old) return;
        const told = { kind: "address-changed", address: now } as const;
        await tellOfChange(tx, parts, user, told, visit.nowMs, old === undefined ? [] : [old]);
      });
      return done(visit);
    },
    "POST /admin/users/:id/addresses/remove": async (visit) => {
      const { place } = readOrRefuse(visit.form, v.strictObject({ place: v.picklist(addressPlaces) }));
      await visit.write(async (tx) => {
        const user = await theUserById(tx, visit.param("id"));
        const old = await before(tx, user, place);
        await removeAddress(tx, user, place, visit.nowMs);
        if (old === undefined) return;
        await tellOfChange(tx, parts, user, { kind: "address-removed", address: old }, visit.nowMs, [old]);
      });
      return done(visit);
    },
    "POST /admin/users/:id/addresses/codes": async (visit) => {
      const { which } = readOrRefuse(visit.form, v.strictObject({ which: v.picklist(["1", "2", "both"]) }));
      await visit.write(async (tx) =>
        chooseForCodes(tx, await theUserById(tx, visit.param("id")), choices[which], visit.nowMs),
      );
      return done(visit);
    },
  } satisfies Partial<ConsoleHandlers>;
}
