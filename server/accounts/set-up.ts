// What the holder of a set-up link does with it: a password, and a code. The code is one of an authenticator that the user
// has, or of the one that the page offers to a user who has none; that one is kept then.

import { lookAlikeKey } from "../../words/user-name.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import { addOtp } from "../authenticators/manage.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import { Guesses, type PasswordWayParts } from "../sessions/guesses.ts";
import { judgeCode, judgeOffered, type JudgedCode } from "../sessions/judge-code.ts";
import { challengeAt, linkPlace, takePageChallenge } from "../sessions/page-challenges.ts";
import { beginSession, type SessionKind } from "../sessions/sessions.ts";
import { countFailure, forgetFailures, throttlesOf, userThrottle } from "../sessions/throttle.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";
import { accountOf, setPassword } from "./accounts.ts";
import { checkPassword, keepPassword } from "./password.ts";
import { findSetupLink, type SetupLink, spendSetupLink } from "./setup-links.ts";

export interface SetUpForm {
  readonly secret: string;
  readonly password: string;
  readonly repeated: string;
  readonly code: string;
  readonly address: string;
  readonly browser: string;
}

export type SetUpOutcome =
  | {
      readonly kind: "done";
      readonly id: string;
      readonly area: SessionKind;
      /** Policy asks for a PIN, and none was proved. */
      readonly lacksPin: boolean;
    }
  | { readonly kind: "no-link" }
  | { readonly kind: "wrong"; readonly field: "password" | "repeated" | "code"; readonly why: string }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "busy" };

export interface OpenSetUp {
  readonly link: SetupLink;
  /** False: the page offers one. */
  readonly hasAuthenticator: boolean;
}

export class SettingUp {
  readonly #parts: PasswordWayParts;
  readonly #guesses: Guesses;

  constructor(parts: PasswordWayParts) {
    this.#parts = parts;
    this.#guesses = new Guesses(parts);
  }

  /** Looking spends nothing: mail programs look at links, too. */
  async look(secret: string): Promise<OpenSetUp | undefined> {
    const { db } = this.#parts.store;
    const link = await findSetupLink(db, this.#parts.vault, secret, this.#parts.clock.wallMs());
    if (link === undefined) return undefined;
    const own = await authenticatorsOf(db, this.#parts.vault, link.user.id);
    return { link, hasAuthenticator: own.length > 0 };
  }

  /** For a link whose user has a token that answers one, the same as often as the page is opened. */
  challenge({ link }: OpenSetUp, address: string): Promise<string | undefined> {
    return challengeAt(this.#parts, linkPlace(link), link.user, address);
  }

  async finish(form: SetUpForm): Promise<SetUpOutcome> {
    const open = await this.look(form.secret);
    if (open === undefined) return { kind: "no-link" };
    const { user } = open.link;
    const password = checkPassword(form.password, user.name);
    if (!password.ok) return { kind: "wrong", field: "password", why: password.error };
    if (form.repeated.normalize("NFC") !== password.value)
      return { kind: "wrong", field: "repeated", why: "the two passwords are not the same" };
    const { store, vault, random, passwordCost } = this.#parts;
    const throttled = throttlesOf(vault, lookAlikeKey(user.name), form.address);
    const prepare = async () => ({
      kept: await keepPassword(password.value, passwordCost, random),
      answers: await hashAnswers(store.db, vault, { user: user.name, machineId: null }, [form.code]),
    });
    return this.#guesses.prepared(throttled, prepare, async (tx, prepared, nowMs): Promise<SetUpOutcome> => {
      const { kept, answers } = prepared;
      const link = await findSetupLink(tx, vault, form.secret, nowMs);
      if (link === undefined) return { kind: "no-link" };
      const challenge = await takePageChallenge(tx, linkPlace(link), user.name, nowMs);
      const own = await authenticatorsOf(tx, this.#parts.vault, user.id);
      const judged =
        own.length === 0
          ? await judgeOffered(tx, user, link.offered, answers, nowMs)
          : await judgeCode(tx, this.#parts, user, answers, challenge, nowMs);
      await judged.settle();
      if (!judged.right) {
        await countFailure(tx, throttled, nowMs);
        await record(tx, serverEntry(nowMs, "set-up-denied", { user: user.name }, { address: form.address }));
        return { kind: "wrong", field: "code", why: "this code is not right; wait for the next one" };
      }
      if (own.length === 0) await this.#keepOffered(tx, link, judged, nowMs);
      await spendSetupLink(tx, link);
      await setPassword(tx, this.#parts.vault, user, kept, nowMs);
      await this.#tell(tx, user, own.length === 0, nowMs);
      await forgetFailures(tx, userThrottle(this.#parts.vault, lookAlikeKey(user.name)));
      const { lacksPin } = judged;
      const area = lacksPin || (await accountOf(tx, user.id)).role === "none" ? "portal" : "console";
      const { address, browser } = form;
      const wish = { kind: area, userId: user.id, address, browser } as const;
      return { kind: "done", area, lacksPin, id: await beginSession(tx, wish, this.#parts.random, nowMs) };
    });
  }

  /** Whoever had the link: its user is told. */
  async #tell(tx: Tx, user: User, withAuthenticator: boolean, nowMs: number): Promise<void> {
    const post = { vault: this.#parts.vault, random: this.#parts.random };
    await tellOfChange(tx, post, user, { kind: "password-changed" }, nowMs);
    const added = { kind: "authenticator-added", name: "" } as const;
    if (withAuthenticator) await tellOfChange(tx, post, user, added, nowMs);
  }

  /** The code that proved it is spent with it. */
  async #keepOffered(tx: Tx, link: SetupLink, judged: JudgedCode, nowMs: number): Promise<void> {
    const { type, algorithm, digits, periodSeconds } = link.offered;
    const secret = Buffer.from(link.offered.secret, "base64");
    const wish = { type, algorithm, digits, periodSeconds, counter: 0, secret };
    const added = await addOtp(tx, this.#parts.vault, link.user, wish, this.#parts.random, nowMs);
    await mergeAndSave(
      tx,
      [added],
      judged.spends.map((spent) => ({ ...spent, id: added.id })),
      nowMs,
    );
  }
}
