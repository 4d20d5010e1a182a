// Forms: each field has a label, its hint and its fault are tied to it, and what was typed stays.

import { html, type Markup } from "./markup.ts";
import type { SecretName } from "./secret-fields.ts";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly required?: boolean;
}

interface TextLooks extends Field {
  readonly value?: string | number | undefined;
  readonly autocomplete?: string;
  readonly inputmode?: "text" | "numeric" | "email" | "url";
  readonly most?: number;
  readonly min?: number;
  readonly max?: number;
  /** For codes and names, which are no words. */
  readonly literal?: boolean;
  readonly autofocus?: boolean;
  readonly size?: "short" | "long";
  /** What may be chosen instead of typed; anything else may be typed as well. */
  readonly suggested?: readonly string[];
}

/** A field for a secret has one of the names whose content goes into no page. */
export type TextField = TextLooks &
  (
    | { readonly type: "password"; readonly name: SecretName }
    | { readonly type?: "text" | "search" | "number" | "email" | "url" | "date" }
  );

/** What a form sends along without showing it. */
export function hidden(name: string, value: string): Markup {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

export function textField(field: TextField): Markup {
  const { name, type = "text", value, autocomplete, inputmode, most, min, max, suggested = [] } = field;
  return around(
    field,
    html`<input id="f-${name}" name="${name}" type="${type}"${about(field)}${
      // A password is never sent back.
      type === "password" || value === undefined ? null : html` value="${value}"`
    }${autocomplete === undefined ? null : html` autocomplete="${autocomplete}"`}${
      inputmode === undefined ? null : html` inputmode="${inputmode}"`
    }${most === undefined ? null : html` maxlength="${most}"`}${min === undefined ? null : html` min="${min}"`}${
      max === undefined ? null : html` max="${max}"`
    }${field.literal === true ? html` autocapitalize="none" spellcheck="false"` : null}${
      field.autofocus === true ? html` autofocus` : null
    }${suggested.length === 0 ? null : html` list="f-${name}-list"`}${field.size === undefined ? null : html` class="${field.size}"`}>${
      suggested.length > 0 &&
      html`<datalist id="f-${name}-list">${suggested.map((one) => html`<option value="${one}"></option>`)}</datalist>`
    }`,
  );
}

/** For text of several lines. */
export function textArea(
  field: Field & { readonly value: string; readonly rows: number; readonly most: number },
): Markup {
  const { name, value, rows, most } = field;
  // A browser drops the first line end of what stands in it.
  return around(
    field,
    html`<textarea id="f-${name}" name="${name}" rows="${rows}" maxlength="${most}" autocapitalize="none" spellcheck="false"${about(field)}>
${value}</textarea>`,
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function selectField(
  field: Field & { readonly value: string; readonly choices: readonly Choice[] },
): Markup {
  const option = (choice: Choice) =>
    html`<option value="${choice.value}"${choice.value === field.value ? html` selected` : null}>${choice.label}</option>`;
  return around(
    field,
    html`<select id="f-${field.name}" name="${field.name}"${about(field)}>${field.choices.map(option)}</select>`,
  );
}

/** Several boxes of one name under one heading. */
export function fieldset(legend: string, content: readonly Markup[] | Markup): Markup {
  return html`<fieldset><legend>${legend}</legend>${content}</fieldset>`;
}

export interface OtherButton {
  readonly action: string;
  readonly label: string;
}

export interface FormParts {
  readonly action: string;
  /** Of the session; undefined only where nobody is signed in yet. */
  readonly token: string | undefined;
  readonly content: Markup | readonly Markup[];
  readonly submit: string;
  /** `danger` for what can't be taken back. */
  readonly tone?: "plain" | "danger" | "quiet";
  /** A second button, which sends the same fields elsewhere. */
  readonly second?: OtherButton;
  /** More of them, of less weight. */
  readonly others?: readonly OtherButton[];
  /** Where the way back leads. */
  readonly back?: string;
  readonly className?: string;
}

export function form(parts: FormParts): Markup {
  const { action, token, content, submit, tone = "plain", second, others = [], back, className } = parts;
  return html`<form method="post" action="${action}"${className === undefined ? null : html` class="${className}"`}>
${token === undefined ? null : tokenField(token)}
${content}
<div class="actions"><button class="${tone}" type="submit">${submit}</button>${
    second === undefined
      ? null
      : html`<button class="plain" type="submit" formaction="${second.action}">${second.label}</button>`
  }${others.map(
    (other) => html`<button class="quiet" type="submit" formaction="${other.action}">${other.label}</button>`,
  )}${back === undefined ? null : html`<a class="button quiet" href="${back}">Back</a>`}</div>
</form>`;
}

/** A form that is nothing but its button. `about` names what it acts on for those who hear a button by itself. */
export function buttonForm(parts: {
  readonly action: string;
  readonly token: string;
  readonly label: string;
  readonly about?: string;
  readonly tone?: "plain" | "danger" | "quiet";
  readonly values?: Readonly<Record<string, string>>;
}): Markup {
  const { action, token, label, about: what, tone = "quiet", values = {} } = parts;
  return html`<form class="inline" method="post" action="${action}">${tokenField(token)}${Object.entries(
    values,
  ).map(([name, value]) => hidden(name, value))}<button class="${tone}" type="submit">${label}${
    what === undefined ? null : html`<span class="unseen"> ${what}</span>`
  }</button></form>`;
}

export const tokenName = "form-token";

export function tokenField(token: string): Markup {
  return hidden(tokenName, token);
}

function around(field: Field, input: Markup): Markup {
  const { name, label, hint, fault } = field;
  return html`<div class="field${fault === undefined ? "" : " at-fault"}"><label for="f-${name}">${label}</label>
${hint === undefined ? null : html`<p class="hint" id="f-${name}-hint">${hint}</p>`}
${input}
${fault === undefined ? null : html`<p class="fault" id="f-${name}-fault">${fault}</p>`}</div>`;
}

function about(field: Field): Markup {
  const { name, hint, fault, required } = field;
  const described = [hint && `f-${name}-hint`, fault && `f-${name}-fault`].filter(Boolean).join(" ");
  return html`${required === true ? html` required` : null}${
    described === "" ? null : html` aria-describedby="${described}"`
  }${fault === undefined ? null : html` aria-invalid="true"`}`;
}
