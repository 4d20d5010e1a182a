// One's own PIN: whether there is one, the rules beforehand, and another one.

import { mostPinLength, type PinComplexity, type PinRules } from "../../otp/pin.ts";
import { form, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { choosePin } from "../pins/choose-pin.ts";
import { pinRulesOf } from "../pins/new-pin.ts";
import { pinOf, type PinState, pinState } from "../pins/pins.ts";
import type { Db } from "../store/store.ts";
import type { Vault } from "../identity/vault.ts";
import type { Handlers } from "../web/gate.ts";
import type { SignedIn } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { speechOf } from "./area.ts";
import type { PortalParts } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

type Pages = Pick<Handlers<typeof portalAccess>, "GET /portal/pin" | "POST /portal/pin">;

interface Faults {
  readonly old?: string;
  readonly fresh?: string;
  readonly repeated?: string;
}

/** Under which field each fault is told. */
const fieldOf = {
  "pin-characters": "fresh",
  "pin-too-short": "fresh",
  "pin-too-long": "fresh",
  "pin-needs-both": "fresh",
  "pin-needs-three": "fresh",
  "pin-trivial": "fresh",
  "pin-same": "fresh",
  "pin-differ": "repeated",
  "pin-old-wrong": "old",
} as const;

const said = {
  none: "pin-is-none",
  set: "pin-is-set",
  "must-change": "pin-is-must-change",
  locked: "pin-is-locked",
} as const satisfies Record<PinState, string>;

const ruleOf = {
  decimal: "pin-rule-decimal",
  alphanumeric: "pin-rule-alphanumeric",
  strong: "pin-rule-strong",
} as const satisfies Record<PinComplexity, string>;

export function pinPages(parts: PortalParts): Pages {
  return {
    "GET /portal/pin": (visit) => pinPage(parts, visit, {}, 200),
    "POST /portal/pin": async (visit) => {
      const { say } = speechOf(visit);
      const { form: sent } = visit;
      const wish = { old: sent.text("old"), fresh: sent.text("fresh"), repeated: sent.text("repeated") };
      const outcome = await choosePin(parts, visit, wish);
      switch (outcome.kind) {
        case "set":
          return visit.withSession(visit.goTo("/portal/pin", "pin"), outcome.id);
        case "wrong": {
          const text = say(outcome.fault, { least: await leastLength(parts, visit) });
          return pinPage(parts, visit, { [fieldOf[outcome.fault]]: text }, 400);
        }
        case "locked":
        case "not-asked":
          return pinPage(parts, visit, {}, 409);
        case "busy":
          return pinPage(parts, visit, { fresh: say("busy") }, 503);
      }
    },
  };
}

/** What to tell on the first page: policy asks for a PIN, and there is none of the user's own. */
export async function lacksOwnPin(db: Db, vault: Vault, userId: string): Promise<boolean> {
  const state = pinState(await pinOf(db, vault, userId));
  return (state === "none" || state === "must-change") && (await pinRulesOf(db, userId)) !== undefined;
}

async function leastLength({ store }: PortalParts, visit: SignedIn): Promise<number> {
  return (await pinRulesOf(store.db, visit.session.userId))?.leastLength ?? 0;
}

async function pinPage(
  { store, vault }: PortalParts,
  visit: SignedIn,
  faults: Faults,
  status: number,
): Promise<Response> {
  const speech = speechOf(visit);
  const { say } = speech;
  const { userId } = visit.session;
  const rules = await pinRulesOf(store.db, userId);
  const state = pinState(await pinOf(store.db, vault, userId));
  const choosing = rules !== undefined && state !== "locked";
  const content = html`<p>${say("pin-text")}</p>
<p><strong>${rules === undefined ? say("pin-not-asked") : say(said[state])}</strong></p>
${choosing ? choose(visit, speech, rules, state, faults) : null}`;
  return visit.page({ title: say("pin"), content }, status);
}

function choose(
  visit: SignedIn,
  speech: PortalSpeech,
  rules: PinRules,
  state: PinState,
  faults: Faults,
): Markup {
  const { say } = speech;
  const looks = { type: "password", required: true, literal: true, size: "short" } as const;
  const field = (name: "old" | "fresh" | "repeated", label: string, autocomplete: string) =>
    textField({ ...looks, name, label, most: mostPinLength, fault: faults[name], autocomplete });
  return html`<h2>${say(state === "none" ? "pin-first" : "pin-change")}</h2>
<ul>${rulesIn(speech, rules).map((rule) => html`<li>${rule}</li>`)}</ul>
${form({
  action: "/portal/pin",
  token: visit.token,
  className: "narrow card",
  submit: say("pin-save"),
  content: [
    html`<input type="text" name="username" value="${visit.session.userName}" autocomplete="username" readonly hidden>`,
    ...(state === "none" ? [] : [field("old", say("pin-old"), "off")]),
    field("fresh", say("pin-new"), "off"),
    field("repeated", say("pin-repeated"), "off"),
  ],
})}`;
}

/** Told before anything is typed. */
function rulesIn({ say }: PortalSpeech, { leastLength, complexity, trivial }: PinRules): string[] {
  return [
    say("pin-rule-length", { least: leastLength, most: mostPinLength }),
    say(ruleOf[complexity]),
    ...(trivial === "refused" ? [say("pin-rule-trivial")] : []),
  ];
}
