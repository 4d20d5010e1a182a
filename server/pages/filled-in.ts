// A form on a page that is made already, filled in with what was typed before: the same for every form, so that none is
// forgotten. It reads nothing but our own markup, in which every attribute is quoted and every text escaped (./markup.ts).

import { html } from "./markup.ts";
import { isUnkept } from "./secret-fields.ts";

export interface Typed {
  has(name: string): boolean;
  text(name: string): string;
  all(name: string): readonly string[];
}

/**
 * Fills in the form that is sent to `action`, by itself or by one of its buttons, and whose hidden fields are those of what was
 * typed: a page may have several of one address. Hidden fields stay as the page has them, secrets stay empty.
 */
export function filledIn(page: string, action: string, typed: Typed): string {
  const sentTo = new Set([escaped(action)]);
  return page.replaceAll(/<form\b([^>]*)>.*?<\/form>/gs, (whole: string, head: string) => {
    const at = attributesOf(head);
    if (at.get("method") !== "post") return whole;
    const buttons = [...whole.matchAll(/ formaction="([^"]*)"/g)].map(([, path = ""]) => path);
    const fits = [at.get("action") ?? "", ...buttons].some((path) => sentTo.has(path));
    return fits && hasSameHidden(whole, typed) ? filledForm(whole, typed) : whole;
  });
}

/** Whether a field for a secret may be left empty: then nobody would notice that it has become so. */
export function hasOptionalSecret(page: string): boolean {
  return [...page.matchAll(inputs)]
    .map(([, inside = ""]) => attributesOf(inside))
    .some((at) => at.get("type") === "password" && !at.has("required"));
}

const inputs = /<input\b([^>]*)>/g;

function hasSameHidden(form: string, typed: Typed): boolean {
  return [...form.matchAll(inputs)]
    .map(([, inside = ""]) => attributesOf(inside))
    .filter((at) => at.get("type") === "hidden" && at.get("name") !== "form-token")
    .every((at) => typed.all(at.get("name") ?? "").some((value) => escaped(value) === at.get("value")));
}

function filledForm(form: string, typed: Typed): string {
  return form
    .replaceAll(inputs, (whole: string, inside: string) => filledInput(whole, inside, typed))
    .replaceAll(/(<textarea\b([^>]*)>)[^<]*(<\/textarea>)/g, (whole, head, inside, end) => {
      const name = nameIn(inside);
      // A browser drops the first line end of what stands in it.
      return keeps(name, typed) ? `${head}\n${escaped(typed.text(name))}${end}` : whole;
    })
    .replaceAll(/(<select\b([^>]*)>)(.*?)(<\/select>)/gs, (whole, head, inside, options: string, end) => {
      const name = nameIn(inside);
      const chosen = ` value="${escaped(typed.text(name))}"`;
      // What is no choice any more is not chosen.
      if (!keeps(name, typed) || !options.includes(`<option${chosen}`)) return whole;
      const rest = options.replaceAll(/(<option value="[^"]*") selected>/g, "$1>");
      return `${head}${rest.replace(`<option${chosen}>`, () => `<option${chosen} selected>`)}${end}`;
    });
}

function filledInput(whole: string, inside: string, typed: Typed): string {
  const at = attributesOf(inside);
  const [name, type] = [at.get("name") ?? "", at.get("type")];
  if (type === "hidden" || type === "password" || at.has("readonly") || isUnkept(name)) return whole;
  if (type === "checkbox" || type === "radio") {
    const rest = inside.replace(/ checked(?=[ >]|$)/, "");
    const isOn = typed.all(name).some((value) => escaped(value) === (at.get("value") ?? "on"));
    return `<input${rest}${isOn ? " checked" : ""}>`;
  }
  if (!typed.has(name)) return whole;
  return `<input${inside.replace(/ value="[^"]*"/, "")} value="${escaped(typed.text(name))}">`;
}

function keeps(name: string, typed: Typed): boolean {
  return typed.has(name) && !isUnkept(name);
}

function nameIn(inside: string): string {
  return attributesOf(inside).get("name") ?? "";
}

/** As they are written: still escaped. */
function attributesOf(inside: string): ReadonlyMap<string, string> {
  return new Map(
    [...inside.matchAll(/ ([a-z-]+)(?:="([^"]*)")?/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function escaped(text: string): string {
  return html`${text}`.toString();
}
