// `provide`: what a person gets on the screen of a sign-in, step by step.

import * as v from "valibot";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import { providedCodeSchema } from "../../protocol/sync/provide.ts";
import type { Random } from "../../words/random.ts";
import { authenticatorsHere } from "../authenticators/authenticators.ts";
import type { OtpAuthenticator } from "../authenticators/manage.ts";
import { labelOn, provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { findShowing, proveSeed, type Showing, showSeed } from "../authenticators/seed-at-sign-in.ts";
import { issueBundle } from "../enrolments/bundle.ts";
import { enrolmentEver } from "../enrolments/enrolments.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import { offlinePin } from "../pins/judge-pin.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import { isLocked } from "../verification/lockout.ts";
import type { Verification } from "../verification/verification.ts";
import {
  beginFirst,
  type FirstStep,
  handOver,
  mayAddFirst,
  proveFirst,
  proveMail,
} from "./first-authenticator.ts";

type Request = RequestOf<"provide">;
type FirstRequest = Extract<
  Request["step"],
  { do: "add-first" | "add-elsewhere" | "prove-mail" | "prove-first" }
>;
type Answer = Pick<ResponseOf<"provide">, "result">;

const refused: Answer = { result: { is: "refused" } };

export class Providing {
  readonly #identity: ServerIdentity;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #verification: Verification;
  readonly #webAddress: string | undefined;

  /** `webAddress`: how people reach the pages, where that is not how machines reach the server. */
  constructor(parts: {
    identity: ServerIdentity;
    vault: Vault;
    random: Random;
    verification: Verification;
    webAddress?: string | undefined;
  }) {
    this.#identity = parts.identity;
    this.#vault = parts.vault;
    this.#random = parts.random;
    this.#verification = parts.verification;
    this.#webAddress = parts.webAddress && new URL(parts.webAddress).origin;
  }

  /** The code that was typed; undefined when there is none that can be read. */
  prepare({ step }: Request): Promise<string | undefined> {
    return Promise.resolve("sealedCode" in step ? this.#open(step.sealedCode) : undefined);
  }

  async answer(
    tx: Tx,
    machine: Machine,
    request: Request,
    code: string | undefined,
    nowMs: number,
  ): Promise<Answer> {
    const { step, dialogue } = request;
    switch (step.do) {
      case "show-seed":
      case "prove-seed":
        return this.#seed(tx, machine, { do: step.do, dialogue }, code, nowMs);
      case "add-first":
      case "add-elsewhere":
      case "prove-mail":
      case "prove-first":
        return this.#first(tx, machine, dialogue, step, code, nowMs);
    }
  }

  async #seed(
    tx: Tx,
    machine: Machine,
    step: { readonly do: "show-seed" | "prove-seed"; readonly dialogue: string },
    code: string | undefined,
    nowMs: number,
  ): Promise<Answer> {
    const showing = await findShowing(tx, machine.id, step.dialogue, nowMs);
    const user = showing && (await usableUser(tx, showing.userId));
    if (showing === undefined || user === undefined) return refused;
    if (step.do === "prove-seed")
      return code === undefined ? refused : this.#proveSeed(tx, machine, showing, user, code, nowMs);
    const seed = await showSeed(tx, this.#vault, showing, user, this.#random, nowMs);
    return seed === undefined ? refused : shown(machine, seed, labelOn(user.name, machine.hostname));
  }

  async #first(
    tx: Tx,
    machine: Machine,
    dialogue: string,
    step: FirstRequest,
    code: string | undefined,
    nowMs: number,
  ): Promise<Answer> {
    const user = await findUser(tx, step.user);
    const policy = user && (await policyOf(tx, { userId: user.id, machineId: machine.id }));
    // Asked anew at every step: what an admin takes away meanwhile is not given.
    if (!user || !policy || (await mayAddFirst(tx, user, policy, "system")) === undefined) return refused;
    if (isLocked(user, policy.policy.lockout, nowMs)) return refused;
    const place = { machine, dialogue, user };
    const told = (outcome: FirstStep): Answer => {
      if (outcome.kind === "shown") return shown(machine, outcome.authenticator, user.name);
      const { kind: is, ...more } = outcome;
      return { result: { is, ...more } as Answer["result"] };
    };
    if (step.do === "add-first") return told(await beginFirst(tx, this.#vault, place, this.#random, nowMs));
    if (step.do === "add-elsewhere") {
      const shortCode = await handOver(tx, this.#vault, place, this.#random, nowMs);
      const content = { code: shortCode, address: this.#webAddress ?? null };
      return { result: { is: "elsewhere", sealed: sealedTo(machine, content) } };
    }
    if (code === undefined) return refused;
    if (step.do === "prove-mail") {
      const proof = { ticket: step.ticket, code };
      return told(await proveMail(tx, this.#vault, place, proof, this.#random, nowMs));
    }
    const outcome = await proveFirst(tx, this.#vault, place, code, this.#random, nowMs);
    if (outcome.is !== "added") return { result: { is: outcome.is } };
    // The other questions have been answered by nobody that this server has judged, nor is there a PIN yet.
    const asksMore = policy.policy.online.factors.length > 1 || policy.policy.pin.place !== "none";
    if (asksMore) return { result: { is: "added" } };
    const wish = { ...step, dialogue, caller: "system" } as const;
    const { method, bundle, mayEnrol } = await this.#verification.grantAdded(
      tx,
      machine,
      wish,
      user,
      outcome.type,
      nowMs,
    );
    return { result: { is: "granted", method, bundle, mayEnrol } };
  }

  async #proveSeed(
    tx: Tx,
    machine: Machine,
    showing: Showing,
    user: User,
    code: string,
    nowMs: number,
  ): Promise<Answer> {
    const policy = await policyOf(tx, { userId: user.id, machineId: machine.id });
    if (policy.policy.seeds !== "per-machine") return refused;
    const proof = { user, policy: policy.policy, code };
    const outcome = await proveSeed(tx, this.#vault, showing, proof, this.#random, nowMs);
    if (outcome !== "proved") return { result: { is: outcome } };
    const enrolment = await enrolmentEver(tx, machine.id, user.id);
    if (enrolment === undefined || enrolment.endedAtMs !== null)
      return { result: { is: "proved", bundle: null } };
    const here = { userId: user.id, machineId: machine.id, policy: policy.policy };
    const authenticators = await authenticatorsHere(tx, this.#vault, here, this.#random);
    const issuer = { signingKey: this.#identity.signing.privateKey, vault: this.#vault };
    const pin = await offlinePin(tx, this.#vault, user.id, policy.policy);
    const parts = { machine, user, policy, authenticators, pin, enrolment };
    return { result: { is: "proved", bundle: await issueBundle(tx, issuer, parts, nowMs) } };
  }

  #open(sealedCode: string): string | undefined {
    const opened = this.#identity.open(Buffer.from(sealedCode, "base64"));
    if (opened === undefined) return undefined;
    try {
      const code = v.safeParse(providedCodeSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
      return code.success ? code.output : undefined;
    } catch {
      return undefined;
    }
  }
}

function shown(machine: Machine, authenticator: OtpAuthenticator, label: string): Answer {
  const content = { secret: secretText(authenticator), uri: provisioningUri(authenticator, label) };
  return { result: { is: "shown", sealed: sealedTo(machine, content) } };
}

function sealedTo(machine: Machine, content: object): string {
  const boxKey = Buffer.from(machine.boxKey, "base64");
  return sealTo(boxKey, Buffer.from(JSON.stringify(content), "utf8")).toBase64();
}

async function usableUser(tx: Tx, userId: string): Promise<User | undefined> {
  const row = await tx.selectFrom("users").select("name").where("id", "=", userId).executeTakeFirst();
  const user = row && (await findUser(tx, row.name));
  return user?.disabledAtMs === null ? user : undefined;
}
