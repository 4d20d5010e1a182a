// A page for somebody who is not signed in: a sentence, one form, and the way back.

import { form } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html, type Markup } from "../pages/markup.ts";
import type { Visit } from "../web/visit.ts";
import { speechOf } from "./area.ts";

export interface OpenPage {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly submit: string;
  readonly fields: readonly Markup[];
  /** Under the form, beside the way back. */
  readonly beside?: Markup;
}

/** `fault`: what was wrong with what was sent. */
export function openPage(visit: Visit, page: OpenPage, fault?: Fault): Response {
  const { title, text, action, submit, fields, beside } = page;
  const card = form({ action, token: undefined, className: "narrow card", submit, content: fields });
  const content = html`<p>${text}</p>${card}${toSignIn(visit, beside)}`;
  const notice: Notice | undefined = fault && { tone: "fault", text: fault.text };
  return visit.page({ title, notice, content }, fault?.status ?? 200);
}

export interface Fault {
  readonly text: string;
  readonly status: number;
}

export function toSignIn(visit: Visit, beside?: Markup): Markup {
  return html`<p class="beside"><a href="/portal/sign-in">${speechOf(visit).say("to-sign-in")}</a>${beside && html` ${beside}`}</p>`;
}
