// A form that needs a recent code when there is none any more: what was typed goes along on the page that asks for the code, in
// hidden fields, and comes back into the form. The server keeps nothing of it, so any instance goes on; only the session that
// typed it can send it on; and nothing of it is done before the form is sent once more.

import { hidden } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { isUnkept } from "../pages/secret-fields.ts";
import { pathWithin } from "./area.ts";
import { Form } from "./form.ts";
import type { SignedIn } from "./visit.ts";

const prefix = "kept.";
const [actionName, droppedName] = ["kept-action", "kept-without"];
/** No form of ours has as many; the bytes are bounded by the form's own limit. */
const mostFields = 300;
/** What the page with the code sends: the largest form, longer names, and what is its own. */
export const mostConfirmBytes = 98_304;

/** A form without what is not to stand in a page; `dropped`: there was such a thing. */
export function withoutSecrets(form: Form): { readonly typed: Form; readonly dropped: boolean } {
  const kept = form.entries().filter(([name]) => !isUnkept(name));
  const dropped = form.entries().some(([name, value]) => isUnkept(name) && value !== "");
  return { typed: formOf(kept), dropped };
}

/** What the page that asks for a code is to send besides the code; `to`: the page with the form. */
export function keeping(form: Form, action: string, to: string): Form {
  const { typed, dropped } = withoutSecrets(form);
  const fields = typed.entries();
  if (fields.length > mostFields) return formOf([["to", to]]);
  return formOf([
    ["to", to],
    [actionName, action],
    [droppedName, dropped ? "yes" : ""],
    ...fields.map(([name, value]) => [prefix + name, value] as const),
  ]);
}

/** In the form for the code: what is kept, and a line that says so. Nothing where nothing is. */
export function keptFields({ area, form }: SignedIn): Markup {
  if (!form.has(actionName)) return html``;
  const kept = form.entries().filter(([name]) => name.startsWith("kept"));
  return html`${kept.map(([name, value]) => hidden(name, value))}<p>${area.comingBack?.kept}</p>`;
}

/** After the right code, in the session that goes on as `id`: the form again if there was one, else the page itself. */
export async function goOnConfirmed(visit: SignedIn, id: string): Promise<Response> {
  const { form, area } = visit;
  const to = pathWithin(area, form.text("to"));
  return visit.withSession((await formAgain(visit, to, id)) ?? visit.goTo(to), id);
}

async function formAgain(visit: SignedIn, to: string, id: string): Promise<Response | undefined> {
  const { form, area } = visit;
  if (!form.has(actionName)) return undefined;
  const kept = form.entries().filter(([name]) => name.startsWith(prefix));
  const typed = formOf(kept.map(([name, value]) => [name.slice(prefix.length), value]));
  const without = form.text(droppedName) === "" ? "" : ` ${area.comingBack?.secrets}`;
  const notice = { tone: "done", text: `${area.comingBack?.confirmed}${without}` } as const;
  return visit.pageAgain(to, { notice, action: form.text(actionName), typed }, id);
}

function formOf(fields: readonly (readonly [string, string])[]): Form {
  return new Form(new URLSearchParams(fields.map(([name, value]) => [name, value])).toString());
}
