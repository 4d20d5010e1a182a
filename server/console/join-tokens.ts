// Join tokens: made and shown once, listed by their ids, taken back.

import * as v from "valibot";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { hourMs } from "../../words/clock.ts";
import { createJoinToken, listJoinTokens, removeJoinToken } from "../machines/join-tokens.ts";
import { buttonForm, form, textField } from "../pages/forms.ts";
import { html } from "../pages/markup.ts";
import { table } from "../pages/tables.ts";
import { moment } from "../pages/time.ts";
import { type FieldFaults, wholeNumberText } from "../web/form.ts";
import type { SignedIn } from "../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "./parts.ts";

const newToken = v.strictObject({
  uses: wholeNumberText(1, 100_000),
  hours: wholeNumberText(1, 8_760),
  tags: v.optional(v.string(), ""),
});

export function joinTokenHandlers({ store, vault, identity, random }: ConsoleParts) {
  return {
    "GET /admin/join-tokens": (visit) => listPage(visit, {}, 200),
    "POST /admin/join-tokens": async (visit) => {
      const read = visit.form.read(newToken);
      if (!read.ok) return listPage(visit, read.faults, 400);
      const { uses, hours } = read.value;
      const tags = read.value.tags.split(",").map((tag) => tag.trim());
      const wish = {
        serverFingerprint: serverFingerprint(publicIdentity(identity)),
        uses,
        expiresAtMs: visit.nowMs + hours * hourMs,
        tags: tags.filter((tag) => tag !== ""),
      };
      const text = await visit.write((tx) => createJoinToken(tx, vault, wish, random, visit.nowMs));
      const content = html`<p>Shown once. Put it into a file on the machine, then:</p>
<p><code>nightlatch join ${visit.origin} --token-file FILE</code></p>
<p class="card"><code>${text}</code></p>
<p>Good for ${uses === 1 ? "one machine" : `${uses} machines`} until ${moment(wish.expiresAtMs)} UTC.</p>
<p><a class="button quiet" href="/admin/join-tokens">Done</a></p>`;
      return visit.page({ title: "New join token", content });
    },
    "POST /admin/join-tokens/:id/remove": async (visit) => {
      await visit.write((tx) => removeJoinToken(tx, visit.param("id"), visit.nowMs));
      return visit.goTo("/admin/join-tokens", "token-removed");
    },
  } satisfies Partial<ConsoleHandlers>;

  async function listPage(visit: SignedIn, faults: FieldFaults, status: number): Promise<Response> {
    const tokens = await listJoinTokens(store.db);
    const { token } = visit;
    const stateOf = (one: (typeof tokens)[number]) =>
      visit.nowMs >= one.expiresAtMs ? "expired" : one.usesLeft === 0 ? "used up" : "good";
    const content = html`${table({
      caption: "Join tokens",
      columns: [
        { label: "Id" },
        { label: "Uses left", numeric: true },
        { label: "Made" },
        { label: "Good until" },
        { label: "Tags" },
        { label: "State" },
        { label: "" },
      ],
      rows: tokens.map((one) => [
        html`<code>${one.id}</code>`,
        `${one.usesLeft} of ${one.uses}`,
        moment(one.createdAtMs),
        moment(one.expiresAtMs),
        one.tags.join(", "),
        stateOf(one),
        buttonForm({ action: `/admin/join-tokens/${one.id}/remove`, token, label: "Remove", about: one.id }),
      ]),
      nothing: "No join tokens.",
    })}
<h2>A new one</h2>
${form({
  action: "/admin/join-tokens",
  token,
  className: "filter",
  submit: "Make a token",
  content: [
    textField({
      name: "uses",
      label: "Machines that may join with it",
      type: "number",
      value: visit.form.text("uses") || 1,
      fault: faults["uses"],
      min: 1,
      max: 100_000,
      required: true,
    }),
    textField({
      name: "hours",
      label: "Hours that it is good",
      type: "number",
      value: visit.form.text("hours") || 24,
      fault: faults["hours"],
      min: 1,
      max: 8_760,
      required: true,
    }),
    textField({
      name: "tags",
      label: "Tags for its machines",
      value: visit.form.text("tags"),
      most: 2_000,
      literal: true,
    }),
  ],
})}`;
    return visit.page({ title: "Join tokens", content }, status);
  }
}
