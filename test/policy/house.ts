// One machine, one user, one server, and whoever plays with the clocks: for properties over random histories. The house
// holds the parts of the policy together as the agent does; what it records is what the properties speak of.

import { type Judgement, offlineProblem } from "../../agent/policy/judge.ts";
import { bundleRefusal, mergeBundle } from "../../agent/policy/merge.ts";
import {
  type CallerClass,
  laterSpent,
  type OpenBundle,
  type Standing,
  spentOf,
} from "../../agent/policy/standing.ts";
import { type TimeRecord, trustedTime, withCommit, withServerTime } from "../../agent/policy/trusted-time.ts";
import { judgeHotp } from "../../otp/hotp.ts";
import { judgeTotp, timeStep } from "../../otp/totp.ts";
import type { Authenticator, Lease } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import {
  appCode,
  type BackupCodes,
  backupCode,
  backupCodes,
  codeOfStep,
  documentOf,
  type Hotp,
  hotp,
  judgeTexts,
  leaseWith,
  machine,
  openWith,
  policyWith,
  startMs,
  type Totp,
  totp,
} from "./standing.ts";

export const rules: Policy = policyWith({
  offline: { days: 3, signIns: 6, factors: [["totp", "hotp", "backup-codes"]] },
  lockout: { failures: 3, minutes: 10 },
  guessLimit: 7,
  hotpLookAhead: 3,
});

/** What is typed. `again` is a text typed before, counted back from the latest. */
export type Typed =
  | { readonly from: "app"; readonly beside: number }
  | { readonly from: "token"; readonly ahead: number }
  | { readonly from: "paper"; readonly number: number }
  | { readonly from: "again"; readonly back: number }
  | { readonly from: "guess"; readonly text: string };

export type Action =
  | { readonly act: "sign-in"; readonly typed: Typed; readonly caller: CallerClass }
  | { readonly act: "online"; readonly typed: Typed }
  | { readonly act: "pass" | "set-wall"; readonly ms: number }
  /** The server hears what is spent and makes a bundle, with or without the backup codes; it arrives later, or never. */
  | { readonly act: "ask"; readonly withPaper: boolean }
  /** Any bundle that was ever made arrives, also a second time. */
  | { readonly act: "arrive"; readonly which: number }
  /** At another machine or in the portal, one code is used that this machine knows nothing of. */
  | { readonly act: "spend-elsewhere"; readonly at: "app" | "token" | "paper"; readonly number: number }
  | { readonly act: "reboot" | "revoke" };

export interface Grant {
  /** The authenticator and its step, counter or code: what must be granted once only. */
  readonly what: string;
  readonly authenticator: string;
  readonly order: number;
  readonly lease: string;
  readonly where: "offline" | "online";
}

export class House {
  readonly grants: Grant[] = [];
  readonly judged: {
    readonly judgement: Judgement;
    readonly caller: CallerClass;
    readonly lease: Lease;
    readonly realMs: number;
    readonly nowMs: number;
  }[] = [];
  readonly refusals: string[] = [];

  #realMs = startMs;
  #wallMs = startMs;
  #sinceBootMs = hourMs;
  #boot = 1;
  #time: TimeRecord = { highWaterMs: startMs, anchor: null };
  #standing: Standing | undefined;
  #held: OpenBundle | undefined;
  #revokedSerial = 0;

  readonly #server: { app: Totp; token: Hotp; paper: BackupCodes } = {
    app: totp(),
    token: hotp(),
    paper: backupCodes(),
  };
  #serial = 0;
  #leases = 0;
  #lease: Lease | undefined;
  readonly #made: OpenBundle[] = [];
  readonly #typed: string[] = [];

  play(action: Action): void {
    switch (action.act) {
      case "sign-in":
        this.#signIn(this.#textOf(action.typed), action.caller);
        return;
      case "online":
        this.#online(this.#textOf(action.typed));
        return;
      case "pass":
        this.#realMs += action.ms;
        this.#wallMs += action.ms;
        this.#sinceBootMs += action.ms;
        return;
      case "set-wall":
        this.#wallMs = Math.max(0, this.#wallMs + action.ms);
        return;
      case "reboot":
        this.#boot += 1;
        this.#sinceBootMs = 0;
        return;
      case "ask":
        this.#hear();
        if (this.#lease !== undefined) this.#make(action.withPaper);
        return;
      case "arrive": {
        const bundle = this.#made[action.which % Math.max(1, this.#made.length)];
        if (bundle !== undefined) this.#take(bundle);
        return;
      }
      case "spend-elsewhere":
        this.#spendElsewhere(action.at, action.number);
        return;
      case "revoke":
        this.#hear();
        this.#serial += 1;
        this.#revokedSerial = this.#serial;
        this.#standing = undefined;
        this.#held = undefined;
        this.#lease = undefined;
        return;
    }
  }

  #reading() {
    return { wallMs: this.#wallMs, sinceBootMs: this.#sinceBootMs, bootId: `boot-${this.#boot}` };
  }

  #textOf(typed: Typed): string {
    const text = this.#textMeant(typed);
    this.#typed.push(text);
    return text;
  }

  #textMeant(typed: Typed): string {
    const { app, token } = this.#server;
    switch (typed.from) {
      case "app":
        return appCode(app, this.#realMs, typed.beside);
      case "token":
        return codeOfStep(token, Math.max(token.counter, this.#counterHere()) + typed.ahead);
      case "paper":
        return backupCode(typed.number);
      case "again":
        return this.#typed.at(-1 - typed.back) ?? "";
      case "guess":
        return typed.text;
    }
  }

  #counterHere(): number {
    const word = this.#standing?.spent.find(({ id }) => id === "token");
    return word?.type === "hotp" ? word.counter : 0;
  }

  #signIn(text: string, caller: CallerClass): void {
    const time = trustedTime(this.#time, this.#reading());
    if (this.#standing === undefined || this.#held === undefined || time.state !== "trusted") return;
    const before = this.#standing;
    const { lease } = this.#held.bundle;
    const problem = offlineProblem(before, this.#held, caller, time.moment);
    const judgement = judgeTexts(before, this.#held, [text], time.moment, caller);
    if ((problem === undefined) !== (judgement.verdict === "granted" || judgement.verdict === "denied"))
      throw new Error("a problem and a judgement do not go together");
    this.#standing = judgement.next;
    this.#time = withCommit(this.#time, time.moment.nowMs);
    this.judged.push({ judgement, caller, lease, realMs: this.#realMs, nowMs: time.moment.nowMs });
    if (judgement.verdict === "granted")
      this.#granted(before.spent, judgement.next.spent, lease.id, "offline");
  }

  /** As the server does: hears what is spent, judges, spends, and renews the lease with a fresh bundle. */
  #online(text: string): void {
    this.#hear();
    const { app, token, paper } = this.#server;
    const key = (of: Totp | Hotp) => ({ ...of, secret: Buffer.from(of.secret, "base64") });
    const window = rules.totpWindow;
    const lastStep = judgeTotp({ ...key(app), periodSeconds: 30 }, text, app.lastStep, window, this.#realMs);
    const counter = judgeHotp(key(token), text, token.counter, rules.hotpLookAhead);
    const number = paper.codes.findIndex(({ id }) => backupCode(id) === text && !paper.usedIds.includes(id));
    const before = this.#words();
    if (lastStep !== undefined) this.#server.app = { ...app, lastStep };
    else if (counter !== undefined) this.#server.token = { ...token, counter };
    else if (number >= 0) this.#server.paper = { ...paper, usedIds: [...paper.usedIds, number] };
    else return;
    this.#leases += 1;
    const lease = {
      id: `lease-${this.#leases}`,
      startedAtMs: this.#realMs,
      expiresAtMs: this.#realMs + 3 * dayMs,
    };
    this.#lease = leaseWith({ ...lease, signIns: rules.offline.signIns });
    this.#granted(before, this.#words(), lease.id, "online");
    this.#take(this.#make(true));
  }

  #words(): Spent[] {
    return Object.values(this.#server).map((authenticator: Authenticator) => spentOf(authenticator));
  }

  /** Every request carries what is spent here, and every answer the server's time. */
  #hear(): void {
    const merged = this.#words().map((word) =>
      laterSpent(
        word,
        this.#standing?.spent.find(({ id }) => id === word.id),
      ),
    );
    this.#serverSpends(merged);
    this.#time = withServerTime(this.#realMs, this.#reading());
  }

  #serverSpends(words: readonly Spent[]): void {
    const { app, token, paper } = this.#server;
    for (const word of words) {
      if (word.type === "totp") this.#server.app = { ...app, lastStep: word.lastStep };
      else if (word.type === "hotp") this.#server.token = { ...token, counter: word.counter };
      else if (word.type === "backup-codes") this.#server.paper = { ...paper, usedIds: [...word.usedIds] };
    }
  }

  #spendElsewhere(at: "app" | "token" | "paper", number: number): void {
    const { app, token, paper } = this.#server;
    const step = timeStep(30, this.#realMs);
    if (at === "app") this.#server.app = { ...app, lastStep: Math.max(app.lastStep ?? 0, step) };
    else if (at === "token") this.#server.token = { ...token, counter: token.counter + 1 + number };
    else this.#server.paper = { ...paper, usedIds: [...new Set([...paper.usedIds, number])] };
  }

  #make(withPaper: boolean): OpenBundle {
    this.#serial += 1;
    const { app, token, paper } = this.#server;
    const lease = this.#lease ?? leaseWith();
    const made = openWith(withPaper ? [app, token, paper] : [app, token], {
      serial: this.#serial,
      lease,
      policy: rules,
    });
    this.#made.push(made);
    return made;
  }

  #take(bundle: OpenBundle): void {
    const refusal = bundleRefusal(bundle.bundle, {
      machine,
      user: "alice",
      serial: this.#held?.bundle.serial ?? 0,
      revokedSerial: this.#revokedSerial,
    });
    if (refusal !== undefined) {
      this.refusals.push(refusal);
      return;
    }
    const { nowMs } = trustedTime(this.#time, this.#reading()).moment;
    this.#standing = mergeBundle(this.#standing, "alice", documentOf(bundle), bundle, nowMs);
    this.#held = bundle;
  }

  #granted(before: readonly Spent[], after: readonly Spent[], lease: string, where: Grant["where"]): void {
    const spent = after.flatMap((word) => {
      const was = before.find(({ id }) => id === word.id);
      if (word.type === "totp")
        return was?.type === "totp" && was.lastStep === word.lastStep ? [] : [word.lastStep ?? 0];
      if (word.type === "hotp")
        return was?.type === "hotp" && was.counter === word.counter ? [] : [word.counter - 1];
      if (word.type === "ocra") return [];
      return word.usedIds.filter((id) => !(was?.type === "backup-codes" && was.usedIds.includes(id)));
    });
    const authenticator =
      after.find((word) => !before.includes(word) && !same(word, before))?.id ?? "nothing";
    const [order] = spent;
    if (spent.length !== 1 || order === undefined) throw new Error(`a grant spent ${spent.length} codes`);
    this.grants.push({ what: `${authenticator} ${order}`, authenticator, order, lease, where });
  }
}

function same(word: Spent, before: readonly Spent[]): boolean {
  return before.some((was) => JSON.stringify(was) === JSON.stringify(word));
}
