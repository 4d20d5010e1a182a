// The list of settings, and each one's page with its form and its buttons.

import { Failure } from "../../failure.ts";
import { form } from "../../pages/forms.ts";
import type { Notice } from "../../pages/layout.ts";
import { html } from "../../pages/markup.ts";
import type { FieldFaults } from "../../web/form.ts";
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
    "GET /admin/settings/:page": (visit) => show(visit, pageOf(visit), {}, undefined, 200),
    "POST /admin/settings/:page": async (visit) => {
      const page = pageOf(visit);
      const faults = await page.save(visit, parts);
      if (faults === undefined) return visit.goTo(`/admin/settings/${page.slug}`, "saved");
      // A fault that no field has is said on top.
      const text = faults[""] ?? "Nothing was saved: look at the fields below.";
      return show(visit, page, faults, { tone: "fault", text }, 400);
    },
    "POST /admin/settings/:page/:action": async (visit) => {
      const page = pageOf(visit);
      const action = page.actions?.find(({ slug }) => slug === visit.param("action"));
      if (action === undefined) throw new Failure("not-found", "there is no such button");
      try {
        return await show(visit, page, {}, { tone: "done", text: await action.run(visit, parts) }, 200);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return show(visit, page, {}, { tone: "fault", text: sentence(error.message) }, 409);
      }
    },
  } satisfies Partial<ConsoleHandlers>;

  async function show(
    visit: SignedIn,
    page: SettingsPage,
    faults: FieldFaults,
    notice: Notice | undefined,
    status: number,
  ): Promise<Response> {
    const { token } = visit;
    const at = `/admin/settings/${page.slug}`;
    const sent = Object.keys(faults).length > 0 ? visit.form : undefined;
    const fields = await page.fields(parts.store.db, sent, faults);
    const changes = may(visit.session.role, "POST /admin/settings/:page");
    const content = html`<p>${page.about}</p>
${changes ? form({ action: at, token, className: "card", submit: "Save", content: fields }) : html`<div class="card">${fields}</div>`}
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

function pageOf(visit: SignedIn): SettingsPage {
  const page = settingsPages.find(({ slug }) => slug === visit.param("page"));
  if (page === undefined) throw new Failure("not-found", "there is no such setting");
  return page;
}
