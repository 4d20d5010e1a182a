// What the holder of a set-up link does with it: a password, and a code. The code is one of an authenticator that the user
// has, or of the one that the page offers to a user who has none; that one is kept then.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey } from "../../words/user-name.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import { addOtp } from "../authenticators/manage.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import type { Vault } from "../identity/vault.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import { judgeCode, judgeOffered, type JudgedCode } from "../sessions/judge-code.ts";
import { beginSession, type SessionKind } from "../sessions/sessions.ts";
import { SlowLane } from "../sessions/slow-lane.ts";
import {
  blockedUntil,
  countFailure,
  forgetFailures,
  throttlesOf,
  userThrottle,
} from "../sessions/throttle.ts";
import type { Store, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";
import { accountOf, setPassword } from "./accounts.ts";
import { checkPassword, keepPassword, type PasswordCost } from "./password.ts";
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
  | { readonly kind: "done"; readonly id: string; readonly area: SessionKind }
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
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #passwordCost: PasswordCost;
  readonly #lane = new SlowLane();

  constructor(parts: {
    store: Store;
    vault: Vault;
    clock: Clock;
    random: Random;
    passwordCost: PasswordCost;
  }) {
    this.#store = parts.store;
    this.#vault = parts.vault;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#passwordCost = parts.passwordCost;
  }

  /** Looking spends nothing: mail programs look at links, too. */
  async look(secret: string): Promise<OpenSetUp | undefined> {
    const { db } = this.#store;
    const link = await findSetupLink(db, this.#vault, secret, this.#clock.wallMs());
    if (link === undefined) return undefined;
    const own = await authenticatorsOf(db, this.#vault, link.user.id);
    return { link, hasAuthenticator: own.length > 0 };
  }

  async finish(form: SetUpForm): Promise<SetUpOutcome> {
    const open = await this.look(form.secret);
    if (open === undefined) return { kind: "no-link" };
    const { user } = open.link;
    const password = checkPassword(form.password, user.name);
    if (!password.ok) return { kind: "wrong", field: "password", why: password.error };
    if (form.repeated.normalize("NFC") !== password.value)
      return { kind: "wrong", field: "repeated", why: "the two passwords are not the same" };
    const prepared = await this.#lane.pass(async () => ({
      kept: await keepPassword(password.value, this.#passwordCost, this.#random),
      answers: await hashAnswers(this.#store.db, this.#vault, { user: user.name, machineId: null }, [
        form.code,
      ]),
    }));
    if (prepared === undefined) return { kind: "busy" };
    const { kept, answers } = prepared.value;
    const throttled = throttlesOf(this.#vault, lookAlikeKey(user.name), form.address);
    return this.#store.write(async (tx): Promise<SetUpOutcome> => {
      const nowMs = this.#clock.wallMs();
      const link = await findSetupLink(tx, this.#vault, form.secret, nowMs);
      if (link === undefined) return { kind: "no-link" };
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const own = await authenticatorsOf(tx, this.#vault, user.id);
      const post = { vault: this.#vault, random: this.#random };
      const judged =
        own.length === 0
          ? await judgeOffered(tx, user, link.offered, answers, nowMs)
          : await judgeCode(tx, post, user, answers, nowMs);
      await judged.settle();
      if (!judged.right) {
        await countFailure(tx, throttled, nowMs);
        await record(tx, serverEntry(nowMs, "set-up-denied", { user: user.name }, { address: form.address }));
        return { kind: "wrong", field: "code", why: "this code is not right; wait for the next one" };
      }
      if (own.length === 0) await this.#keepOffered(tx, link, judged, nowMs);
      await spendSetupLink(tx, link);
      await setPassword(tx, this.#vault, user, kept, nowMs);
      await this.#tell(tx, user, own.length === 0, nowMs);
      await forgetFailures(tx, userThrottle(this.#vault, lookAlikeKey(user.name)));
      const area = (await accountOf(tx, user.id)).role === "none" ? "portal" : "console";
      const { address, browser } = form;
      const wish = { kind: area, userId: user.id, address, browser } as const;
      return { kind: "done", area, id: await beginSession(tx, wish, this.#random, nowMs) };
    });
  }

  /** Whoever had the link: its user is told. */
  async #tell(tx: Tx, user: User, withAuthenticator: boolean, nowMs: number): Promise<void> {
    const post = { vault: this.#vault, random: this.#random };
    await tellOfChange(tx, post, user, { kind: "password-changed" }, nowMs);
    const added = { kind: "authenticator-added", name: "" } as const;
    if (withAuthenticator) await tellOfChange(tx, post, user, added, nowMs);
  }

  /** The code that proved it is spent with it. */
  async #keepOffered(tx: Tx, link: SetupLink, judged: JudgedCode, nowMs: number): Promise<void> {
    const { type, algorithm, digits, periodSeconds } = link.offered;
    const secret = Buffer.from(link.offered.secret, "base64");
    const wish = { type, algorithm, digits, periodSeconds, counter: 0, secret };
    const added = await addOtp(tx, this.#vault, link.user, wish, this.#random, nowMs);
    await mergeAndSave(
      tx,
      [added],
      judged.spends.map((spent) => ({ ...spent, id: added.id })),
      nowMs,
    );
  }
}
