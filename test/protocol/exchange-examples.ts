// One valid example of each request, response and signed document, with something in every field.

import type { Authenticator, Bundle, MachinePolicy, Revocation } from "../../protocol/sync/documents.ts";
import type { Event } from "../../protocol/sync/events.ts";
import type { ExchangeName, RequestOf, ResponseOf, Spent } from "../../protocol/sync/exchanges.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";

const bytes = (count: number) => Buffer.alloc(count, 7).toString("base64");
const atMs = Date.parse("2026-11-20T12:00:00Z");
const machine = "M".repeat(32);

const asking = { sequence: 8, sentAtMs: atMs, revokedThrough: 3 };
const document = { payload: bytes(40), signature: bytes(64) };
const answering = { serverTimeMs: atMs, revocations: [document] };
const facts = { hostname: "train.example", platform: "linux", agentVersion: "0.1.0", protector: "tpm2" };
const spent: Spent[] = [
  { type: "totp", id: "app", lastStep: 5 },
  { type: "hotp", id: "token", counter: 6 },
  { type: "backup-codes", id: "paper", usedIds: [1, 2] },
  { type: "ocra", id: "fob", usedThroughMs: 7 },
];

export const requests: { readonly [N in ExchangeName]: RequestOf<N> } = {
  join: {
    sequence: 0,
    sentAtMs: atMs,
    tokenId: "0123456789abcdef".repeat(2),
    proof: bytes(32),
    signingKey: bytes(32),
    boxKey: bytes(32),
    ...facts,
  },
  probe: asking,
  sendCode: {
    ...asking,
    dialogue: bytes(16),
    user: "alice",
    kind: "remote",
    service: "sshd",
    caller: "system",
    types: ["email", "sms"],
    language: "de",
  },
  challenge: { ...asking, dialogue: bytes(16), user: "alice", caller: "self" },
  verify: {
    ...asking,
    dialogue: bytes(16),
    user: "alice",
    kind: "remote",
    service: "sshd",
    caller: "system",
    sealedAnswers: bytes(60),
    spent,
  },
  recover: {
    sequence: 0,
    sentAtMs: atMs,
    oldMachine: machine,
    proof: bytes(32),
    loss: "state-turned-back",
    signingKey: bytes(32),
    boxKey: bytes(32),
    ...facts,
    dialogue: bytes(16),
    user: "alice",
    kind: "remote",
    service: "sshd",
    caller: "self",
    sealedAnswers: bytes(60),
  },
  enrol: { ...asking, dialogue: bytes(16) },
  provide: { ...asking, dialogue: bytes(16), step: { do: "prove-seed", sealedCode: bytes(60) } },
  sync: {
    ...asking,
    ...facts,
    events: { from: 1, previous: "0".repeat(64), lines: ["{}"] },
    machinePolicySerial: 2,
    enrolments: [{ user: "alice", bundleSerial: 4, leaseId: "lease", signInsUsed: 1, spent }],
  },
  rotate: {
    ...asking,
    signingKey: bytes(32),
    boxKey: bytes(32),
    proof: bytes(64),
    enrolments: [{ user: "alice", bundleSerial: 4, leaseId: "lease", signInsUsed: 1, spent }],
  },
};

export const responses: { readonly [N in ExchangeName]: ResponseOf<N> } = {
  join: {
    serverTimeMs: atMs,
    machine,
    serverSigningKey: bytes(32),
    serverBoxKey: bytes(32),
    machinePolicy: document,
    sealedRecoveryKey: bytes(80),
  },
  probe: answering,
  recover: {
    serverTimeMs: atMs,
    result: {
      verdict: "granted",
      method: "totp",
      machine,
      machinePolicy: document,
      sealedRecoveryKey: bytes(80),
      bundle: document,
      mayEnrol: false,
    },
  },
  verify: {
    ...answering,
    result: { verdict: "granted", method: "totp", bundle: document, mayEnrol: false, maySeed: false },
  },
  enrol: { ...answering, bundle: document },
  challenge: { ...answering, challenge: "38417726", drawnAtMs: 7 },
  sendCode: { ...answering, to: "a***@e***.org" },
  provide: { ...answering, result: { is: "shown", sealed: bytes(100) } },
  sync: { ...answering, eventsThrough: 1, machinePolicy: document, bundles: [document] },
  rotate: { ...answering, sealedRecoveryKey: bytes(80), bundles: [document] },
};

/** The other results that a verify may have. */
export const otherResults: readonly ResponseOf<"verify">["result"][] = [
  { verdict: "denied" },
  { verdict: "locked" },
  { verdict: "more", question: ["totp", "hotp"] },
  { verdict: "revoked" },
  { verdict: "no-authenticator", question: 1 },
  { verdict: "granted", method: "totp", bundle: null, mayEnrol: true, maySeed: true },
];

const key = { secret: bytes(20), algorithm: "sha256", digits: 8 } as const;

export const authenticators: readonly Authenticator[] = [
  { type: "totp", id: "app", ...key, periodSeconds: 30, lastStep: 5 },
  { type: "hotp", id: "token", ...key, counter: 6 },
  { type: "backup-codes", id: "paper", salt: bytes(16), codes: [{ id: 1, hash: bytes(32) }], usedIds: [1] },
  {
    type: "ocra",
    id: "fob",
    secret: key.secret,
    suite: "OCRA-1:HOTP-SHA256-8:QN08-T1M",
    usedThroughMs: 7,
  },
];

export const bundle: Bundle = {
  serial: 4,
  machine,
  user: "alice",
  issuedAtMs: atMs,
  lease: { id: "lease", startedAtMs: atMs, expiresAtMs: atMs + 1, signIns: 50 },
  policyName: "default",
  policy: defaultPolicy,
  sealed: bytes(100),
};

export const machinePolicy: MachinePolicy = {
  serial: 5,
  machine,
  issuedAtMs: atMs,
  exempt: false,
  policy: defaultPolicy,
  policyName: "default",
  ofUsers: [{ policyName: "service", policy: { ...defaultPolicy, mfa: "exempt" }, users: ["backup"] }],
  syncMinutes: 60,
};

export const revocations: readonly Revocation[] = [
  { serial: 6, machine, issuedAtMs: atMs, target: { scope: "machine" } },
  { serial: 7, machine, issuedAtMs: atMs, target: { scope: "user", user: "alice" } },
  { serial: 8, machine, issuedAtMs: atMs, target: { scope: "keys", signingKey: bytes(32) } },
];

export const event: Event = {
  sequence: 1,
  id: "0123456789abcdef".repeat(2),
  atMs,
  wallMs: atMs,
  kind: "sign-in-denied",
  user: "alice",
  signIn: "unlock",
  service: "kde",
  offline: true,
  method: "totp",
  reason: "wrong-code",
};
