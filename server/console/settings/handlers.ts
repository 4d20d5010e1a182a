// The list of settings, and each one's page with its form and its buttons.

import { Failure } from "../../failure.ts";
import { form } from "../../pages/forms.ts";
import type { Notice } from "../../pages/layout.ts";
import { html, type Markup } from "../../pages/markup.ts";
import type { FieldFaults, Form } from "../../web/form.ts";
import { sentence } from "../../web/sentence.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";
import type { SettingsPage } from "./page.ts";
import { settingsPages } from "./pages.ts";

export function settingsHandlers(parts: ConsoleParts) {
  return {
    "GET /admin/settings": async (visit) => {
      const content = html`<dl class="facts">${settingsPages.map(
        (page) =>
          html`<dt><a href="/admin/settings/${page.slug}">${page.title}</a></dt><dd>${page.about}</dd>`,
      )}</dl>`;
      return visit.page({ title: "Settings", content });
    },
    "GET /admin/settings/:page": (visit) => show(visit, pageOf(visit), {}, 200),
    "POST /admin/settings/:page": async (visit) => {
      const page = pageOf(visit);
      const faults = await page.save(visit, parts);
      if (faults === undefined) return visit.goTo(`/admin/settings/${page.slug}`, "saved");
      return faulty(visit, page, faults);
    },
    "POST /admin/settings/:page/:action": async (visit) => {
      const page = pageOf(visit);
      const slug = visit.param("action");
      const look = page.looks?.find((one) => one.slug === slug);
      if (look !== undefined) {
        const looked = await look.run(visit, parts);
        if (looked.kind === "faults") return faulty(visit, page, looked.faults);
        return show(visit, page, looked, looked.notice.tone === "fault" ? 409 : 200);
      }
      const action = page.actions?.find((one) => one.slug === slug);
      if (action === undefined) throw new Failure("not-found", "there is no such button");
      try {
        const done = await action.run(visit, parts);
        const { text, result } = typeof done === "string" ? { text: done } : done;
        return await show(visit, page, { notice: { tone: "done", text }, result }, 200);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return show(visit, page, { notice: { tone: "fault", text: sentence(error.message) } }, 409);
      }
    },
  } satisfies Partial<ConsoleHandlers>;

  function faulty(visit: SignedIn, page: SettingsPage, faults: FieldFaults): Promise<Response> {
    // A fault that no field has is said on top.
    const text = faults[""] ?? "Nothing was saved: look at the fields below.";
    return show(visit, page, { faults, sent: visit.form, notice: { tone: "fault", text } }, 400);
  }

  async function show(
    visit: SignedIn,
    page: SettingsPage,
    { faults = {}, sent, notice, result }: Seen,
    status: number,
  ): Promise<Response> {
    const { token } = visit;
    const at = `/admin/settings/${page.slug}`;
    const fields = await page.fields(parts.store.db, sent, faults);
    const changes = may(visit.session.role, "POST /admin/settings/:page");
    const others = (page.looks ?? []).map(({ slug, label }) => ({ action: `${at}/${slug}`, label }));
    const content = html`<p>${page.about}</p>${result}
${changes ? form({ action: at, token, className: "card", submit: "Save", others, content: fields }) : html`<div class="card">${fields}</div>`}
${
  changes &&
  (page.actions ?? []).map((action) =>
    form({
      action: `${at}/${action.slug}`,
      token,
      className: "filter",
      tone: "quiet",
      submit: action.label,
      content: action.fields ?? [],
    }),
  )
}
${await page.below?.(parts.store.db, visit)}`;
    return visit.page({ title: page.title, notice, content }, status);
  }
}

interface Seen {
  readonly faults?: FieldFaults;
  readonly sent?: Form;
  readonly notice?: Notice;
  readonly result?: Markup | undefined;
}

function pageOf(visit: SignedIn): SettingsPage {
  const page = settingsPages.find(({ slug }) => slug === visit.param("page"));
  if (page === undefined) throw new Failure("not-found", "there is no such setting");
  return page;
}
