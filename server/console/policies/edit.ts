// A policy's form. It is looked at before it is saved: whom it would hit, and what would be different for them. Saved is
// what was looked at, on the policies as they were then.

import { createHash } from "node:crypto";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { form, hidden, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { assign } from "../../policies/assignments.ts";
import { changePolicies, type PolicyChange, positionOf } from "../../policies/changes.ts";
import { defaultPolicyName, listPolicies, type NamedPolicy, pick } from "../../policies/policies.ts";
import { previewChange } from "../../policies/preview.ts";
import { type FieldFaults, readOrRefuse } from "../../web/form.ts";
import { sentence } from "../../web/sentence.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";
import { assignmentsOf, faultsIn, policyFieldSchemas, policyFields, valuesOf } from "./fields.ts";
import { policiesPage } from "./list.ts";
import { previewMarkup } from "./preview.ts";

const formSchema = v.strictObject({
  what: v.picklist(["add", "change"]),
  name: v.string(),
  groups: v.string(),
  tags: v.string(),
  position: v.string(),
  seen: v.optional(v.string(), ""),
  ...policyFieldSchemas,
});
type Values = Readonly<Record<string, string>> & { readonly what: string; readonly name: string };

export function policyHandlers({ store }: ConsoleParts) {
  return {
    "GET /admin/policies": (visit) => policiesPage(visit, store.db),
    "GET /admin/policies/add": async (visit) => {
      const all = await listPolicies(store.db);
      const basis = { ...pick(all, defaultPolicyName), name: "" };
      return formPage(
        visit,
        { ...stated(basis, all), what: "add", position: String(all.length) },
        {},
        undefined,
        200,
      );
    },
    "GET /admin/policies/edit": async (visit) => {
      const all = await listPolicies(store.db);
      return formPage(visit, stated(pick(all, visit.query("name")), all), {}, undefined, 200);
    },
    "POST /admin/policies/look": (visit) => look(visit, read(visit), undefined),
    "POST /admin/policies/save": async (visit) => {
      const values = read(visit);
      const change = await changeOf(values);
      const saved = await visit.write(async (tx) => {
        if (fingerprint(await listPolicies(tx), values) !== values["seen"]) return false;
        await changePolicies(tx, change, visit.nowMs);
        return true;
      });
      if (saved) return visit.goTo("/admin/policies", "policy-saved");
      return look(visit, values, "Something has changed since you looked. This is how it would be now.");
    },
    "GET /admin/policies/remove": async (visit) => {
      const name = visit.query("name");
      const preview = await previewChange(store.db, { do: "remove", name });
      const content = html`${previewMarkup(preview)}${form({
        action: "/admin/policies/remove",
        token: visit.token,
        content: [hidden("name", name), hidden("seen", fingerprint(preview.before, undefined))],
        submit: "Remove it",
        tone: "danger",
        back: "/admin/policies",
      })}`;
      return visit.page({ title: `Remove the policy ${name}?`, content });
    },
    "POST /admin/policies/remove": async (visit) => {
      const { name, seen } = readOrRefuse(visit.form, v.strictObject({ name: v.string(), seen: v.string() }));
      await visit.write(async (tx) => {
        if (fingerprint(await listPolicies(tx), undefined) !== seen)
          throw new Failure("conflict", "the policies are not those that you have looked at; look once more");
        await changePolicies(tx, { do: "remove", name }, visit.nowMs);
      });
      return visit.goTo("/admin/policies", "policy-removed");
    },
  } satisfies Partial<ConsoleHandlers>;

  async function look(visit: SignedIn, values: Values, text: string | undefined): Promise<Response> {
    try {
      const preview = await previewChange(store.db, await changeOf(values));
      const next = { ...values, seen: fingerprint(preview.before, values) };
      return formPage(visit, next, text === undefined ? {} : { "": text }, previewMarkup(preview), 200);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return formPage(visit, values, faultsIn(error.message), undefined, 400);
    }
  }

  /** @throws Failure for a new policy with the name of one that is there. */
  async function changeOf(values: Values): Promise<PolicyChange> {
    const name = values.name.trim();
    const present = (await listPolicies(store.db)).some((one) => one.name === name);
    if (values.what === "add" && present) throw new Failure("exists", `there is a policy "${name}" already`);
    if (values.what === "change" && !present) throw new Failure("not-found", `the policy "${name}" is gone`);
    const isDefault = name === defaultPolicyName;
    return {
      do: "set",
      name,
      groups: isDefault ? [] : list(values["groups"]),
      tags: isDefault ? [] : list(values["tags"]),
      position: isDefault ? undefined : Number(values["position"] || Number.NaN),
      settings: (before) => assign(before, assignmentsOf(values)),
    };
  }
}

function read(visit: SignedIn): Values {
  return readOrRefuse(visit.form, formSchema) as Values;
}

function stated(one: NamedPolicy, all: readonly NamedPolicy[]): Values {
  const { groups, tags } = one.condition;
  return {
    ...valuesOf(one.policy),
    what: "change",
    name: one.name,
    groups: groups.join(", "),
    tags: tags.join(", "),
    position: String(positionOf(all, one.name) ?? ""),
  };
}

function formPage(
  visit: SignedIn,
  values: Values,
  faults: FieldFaults,
  preview: Markup | undefined,
  status: number,
): Response {
  const adding = values.what === "add";
  const isDefault = !adding && values.name === defaultPolicyName;
  const changes = may(visit.session.role, "POST /admin/policies/save");
  const fields = html`${isDefault ? html`<p>This policy holds where no other does.</p>` : whom(values, adding)}${policyFields(values, faults)}`;
  const body = changes
    ? form({
        action: "/admin/policies/look",
        token: visit.token,
        content: [
          hidden("what", values.what),
          ...(adding ? [] : [hidden("name", values.name)]),
          ...(isDefault ? ["groups", "tags", "position"].map((name) => hidden(name, "")) : []),
          ...(preview === undefined ? [] : [hidden("seen", values["seen"] ?? "")]),
          fields,
        ],
        submit: preview === undefined ? "See what would change…" : "See once more…",
        tone: preview === undefined ? "plain" : "quiet",
        back: "/admin/policies",
        ...(preview === undefined
          ? {}
          : { second: { action: "/admin/policies/save", label: "Save as it is here" } }),
      })
    : html`<div class="card">${fields}</div>`;
  const remove =
    changes && !adding && !isDefault
      ? html`<p class="actions"><a class="button quiet" href="/admin/policies/remove?name=${encodeURIComponent(values.name)}">Remove…</a></p>`
      : null;
  const text =
    faults[""] ?? (Object.keys(faults).length > 0 ? "Look at the field that is marked below." : undefined);
  const notice = text === undefined ? undefined : ({ tone: "fault", text: sentence(text) } as const);
  const title = adding ? "A new policy" : `Policy ${values.name}`;
  return visit.page({ title, notice, content: html`${preview}${body}${remove}` }, status);
}

function whom(values: Values, adding: boolean): Markup {
  const field = (name: string, label: string, hint: string) =>
    textField({ name, label, hint, value: values[name] ?? "", most: 4_096 });
  return html`<fieldset><legend>Whom it is for</legend><div class="grid">${
    adding &&
    textField({ name: "name", label: "Name of the policy", value: values.name, required: true, most: 100 })
  }${field("groups", "Groups", "Joined by commas: users in any of them. Empty: everybody.")}${field("tags", "Machine tags", "Joined by commas: machines with any of them. Empty: every machine.")}${textField(
    {
      name: "position",
      label: "Place in the order",
      hint: "1 is looked at first.",
      type: "number",
      min: 1,
      max: 1_000,
      value: values["position"],
      required: true,
    },
  )}</div></fieldset>`;
}

function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** Of the whole list and the whole form: what another admin changed meanwhile is noticed, and what was typed since. */
function fingerprint(policies: readonly NamedPolicy[], values: Values | undefined): string {
  const typed = values && Object.entries(values).filter(([name]) => name !== "seen");
  const text = JSON.stringify([policies, typed?.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash("sha256").update(text, "utf8").digest("base64url");
}
