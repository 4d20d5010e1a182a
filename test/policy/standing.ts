// Authenticators, bundles, standings and moments for the tests of the policy: a user in good standing, of whom each test
// changes what it is about.

import { createHash } from "node:crypto";
import type { Answer } from "../../agent/factors/answer.ts";
import { type Judgement, judge } from "../../agent/policy/judge.ts";
import type { Moment } from "../../agent/policy/moment.ts";
import {
  type CallerClass,
  newStanding,
  type OpenBundle,
  type Standing,
} from "../../agent/policy/standing.ts";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Authenticator, Bundle, Lease } from "../../protocol/sync/documents.ts";
import { defaultPolicy, type Policy } from "../../protocol/sync/policy.ts";
import { dayMs } from "../../words/clock.ts";

/** A whole time step begins here. */
export const startMs = Date.parse("2026-11-20T12:00:00Z");
export const machine = "M".repeat(32);

export type Totp = Extract<Authenticator, { type: "totp" }>;
export type Hotp = Extract<Authenticator, { type: "hotp" }>;
export type BackupCodes = Extract<Authenticator, { type: "backup-codes" }>;

function secretOf(id: string): string {
  return createHash("sha256").update(id).digest().subarray(0, 20).toString("base64");
}

export function totp(id = "app", changes: Partial<Totp> = {}): Totp {
  const fixed = { type: "totp", algorithm: "sha1", digits: 6, periodSeconds: 30, lastStep: null } as const;
  return { ...fixed, id, secret: secretOf(id), ...changes };
}

export function hotp(id = "token", changes: Partial<Hotp> = {}): Hotp {
  return { type: "hotp", algorithm: "sha1", digits: 6, counter: 0, id, secret: secretOf(id), ...changes };
}

/** Code number `n` of a set has the id `n`. */
export function backupCodes(id = "paper", changes: Partial<BackupCodes> = {}): BackupCodes {
  const salt = Buffer.from(`salt of ${id}`, "utf8").toString("base64");
  const codes = [0, 1, 2, 3].map((n) => ({ id: n, hash: standInHash(backupCode(n), id).toString("base64") }));
  return { type: "backup-codes", id, salt, codes, usedIds: [], ...changes };
}

export function backupCode(n: number): string {
  return `${"ABCDEFGHJKMNPQRS".charAt(n)}2345678923`;
}

/** In place of Argon2id, which the judging never computes itself: it gets the hashes handed in. */
function standInHash(code: string, setId: string): Buffer {
  return createHash("sha256").update(`${setId} ${code}`).digest();
}

/** As `prepareAnswers` would, for any set of backup codes that a test names. */
export function answer(text: string, sets: readonly string[] = ["paper"]): Answer {
  const backupHashes = new Map(sets.map((id) => [id, standInHash(text, id)]));
  return { text, backupHashes, challenge: undefined, pins: [] };
}

/** What the app shows at a moment, or so many steps beside it. */
export function appCode(app: Totp, atMs: number, besideSteps = 0): string {
  return codeOfStep(app, timeStep(app.periodSeconds, atMs) + besideSteps);
}

export function codeOfStep(authenticator: Totp | Hotp, step: number): string {
  const { secret, algorithm, digits } = authenticator;
  return hotpCode({ secret: Buffer.from(secret, "base64"), algorithm, digits }, step);
}

export function policyWith(changes: Partial<Policy> = {}): Policy {
  return { ...defaultPolicy, ...changes };
}

/** Offline questions in a row. */
export function asking(...factors: Policy["offline"]["factors"]): Partial<Policy> {
  return { offline: { ...defaultPolicy.offline, factors } };
}

export function leaseWith(changes: Partial<Lease> = {}): Lease {
  return { id: "lease-1", startedAtMs: startMs, expiresAtMs: startMs + 7 * dayMs, signIns: 50, ...changes };
}

export function bundleWith(changes: Partial<Bundle> = {}): Bundle {
  return {
    serial: 1,
    machine,
    user: "alice",
    issuedAtMs: startMs,
    lease: leaseWith(),
    policyName: "default",
    policy: defaultPolicy,
    sealed: "",
    ...changes,
  };
}

export function openWith(
  authenticators: readonly Authenticator[] = [totp()],
  bundle: Partial<Bundle> = {},
): OpenBundle {
  return { bundle: bundleWith(bundle), authenticators, pin: null, unlockKey: null };
}

/** Stands for the signed bytes: which bundle it is, and nothing that any decision reads. */
export function documentOf(open: OpenBundle): SignedDocument {
  return { payload: Buffer.from(`bundle ${open.bundle.serial}`).toString("base64"), signature: "" };
}

export function standingOf(open: OpenBundle, changes: Partial<Standing> = {}): Standing {
  return { ...newStanding("alice", documentOf(open), open, startMs), ...changes };
}

/** So long after the start, in the same boot, unless said otherwise. */
export function moment(afterMs = 0, changes: Partial<Moment> = {}): Moment {
  return { nowMs: startMs + afterMs, sinceBootMs: 3_600_000 + afterMs, bootId: "boot-1", ...changes };
}

/** Judges texts as typed. */
export function judgeTexts(
  standing: Standing,
  open: OpenBundle,
  texts: readonly string[],
  at: Moment = moment(),
  caller: CallerClass = "system",
): Judgement {
  const sets = open.authenticators.filter(({ type }) => type === "backup-codes").map(({ id }) => id);
  return judge(
    standing,
    open,
    texts.map((text) => answer(text, sets)),
    caller,
    at,
  );
}
