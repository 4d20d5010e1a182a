// What machine and server say to each other, once for both. Every request is a POST of JSON to `path`, signed by the
// machine; every answer with status 200 is JSON signed by the server. Any other status is weather: nothing follows from it,
// but for the revocations in a signed refusal of a request number.

import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import { signedDocumentSchema } from "../crypto/signed-document.ts";
import { machineIdText, userNameText } from "./documents.ts";
import { base64, base64Of, wholeNumber, wholeNumberUpTo } from "./encoding.ts";
import { eventLine } from "./events.ts";
import { answering, asking, serverKey, serverKeys, shortText } from "./every-message.ts";
import { questionSchema } from "./policy.ts";
import { challenge } from "./challenge.ts";
import { sendCode } from "./send-code.ts";
import { provide } from "./provide.ts";

export const maxRequestBytes = 1_048_576;
export const maxResponseBytes = 8_388_608;
/** Events in one sync; the rest follow in the next, at once. */
export const maxEventsAtOnce = 500;

/** What a machine has spent of an authenticator. The server takes the later of this and its own. */
export const spentSchema = v.variant("type", [
  v.strictObject({ type: v.literal("totp"), id: shortText, lastStep: v.nullable(wholeNumber) }),
  v.strictObject({ type: v.literal("hotp"), id: shortText, counter: wholeNumber }),
  v.strictObject({
    type: v.literal("backup-codes"),
    id: shortText,
    usedIds: v.pipe(v.array(wholeNumberUpTo(1_000)), v.maxLength(100)),
  }),
  /** When the server drew the newest of its challenges that was answered here while it could not be asked. */
  v.strictObject({ type: v.literal("ocra"), id: shortText, usedThroughMs: v.nullable(wholeNumber) }),
]);
export type Spent = v.InferOutput<typeof spentSchema>;
/** What a request can say of one user: as many as a bundle has authenticators at most. */
export const maxSpent = 50;
const spentList = v.pipe(v.array(spentSchema), v.maxLength(maxSpent));

/** Sealed box for the machine: 32 bytes by which it proves, should its state be lost, that it is the one that joined. */
const sealedRecoveryKey = base64(128);

export const join = {
  path: "/v1/join",
  request: v.strictObject({
    sequence: wholeNumber,
    sentAtMs: wholeNumber,
    tokenId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    proof: base64Of(32),
    signingKey: base64Of(32),
    boxKey: base64Of(32),
    hostname: shortText,
    platform: shortText,
    agentVersion: shortText,
    protector: shortText,
  }),
  response: v.strictObject({
    serverTimeMs: wholeNumber,
    machine: machineIdText,
    /** Checked against the fingerprint in the join token; they also verify this very answer. */
    serverSigningKey: base64Of(32),
    serverBoxKey: base64Of(32),
    /** All from number 1 on: the token may have been made under an earlier key. */
    serverKeys,
    machinePolicy: signedDocumentSchema,
    sealedRecoveryKey,
  }),
} as const;

/** Is the server there, is it the server, what time is it. */
export const probe = {
  path: "/v1/probe",
  request: v.strictObject(asking),
  response: v.strictObject(answering),
} as const;

/** The answers inside `sealedAnswers`, in the order of the questions, exactly as typed. */
export const answersSchema = v.pipe(
  v.array(v.pipe(v.string(), v.maxBytes(512))),
  v.minLength(1),
  v.maxLength(3),
);

/** Who wants in, and what they have answered. */
const signInFields = {
  /** 16 random bytes that name the dialogue. */
  dialogue: base64Of(16),
  user: userNameText,
  kind: v.picklist(kinds),
  service: shortText,
  /**
   * Who began the dialogue, by the kernel's word: root, or a program of the user's own. Failures are counted apart, so
   * that a program which guesses for its own user locks itself out, and not that user.
   */
  caller: v.picklist(["system", "self"]),
  /**
   * Sealed box for the server's box key: JSON of the answers so far. TLS alone does not protect them from an interceptor. Room for
   * all that can be typed, each character escaped: what the server did not read would be judged by the machine instead.
   */
  sealedAnswers: base64(10_240),
};

/** All was right, and the codes are spent; but policy asks for a PIN, and the user has none of their own yet. */
const pinNeeded = v.strictObject({
  verdict: v.literal("pin-needed"),
  /** Where the server's pages are, if that is not where machines reach it. */
  address: v.nullable(shortText),
});

export const verify = {
  path: "/v1/verify",
  request: v.strictObject({
    ...asking,
    ...signInFields,
    /** What this machine has spent of this user's authenticators: merged before the answers are judged. */
    spent: spentList,
  }),
  response: v.strictObject({
    ...answering,
    result: v.variant("verdict", [
      v.strictObject({
        verdict: v.literal("granted"),
        method: v.pipe(shortText, v.minLength(1)),
        /** The fresh bundle where policy enrols automatically, or the user is enrolled already. */
        bundle: v.nullable(signedDocumentSchema),
        /** `ask`: the user may be asked; `enrol` with the same dialogue brings the bundle. */
        mayEnrol: v.boolean(),
        /** The user's seed on this machine may be shown on the screen: `provide` with the same dialogue. */
        maySeed: v.boolean(),
      }),
      v.strictObject({ verdict: v.literal("denied") }),
      v.strictObject({ verdict: v.literal("locked") }),
      /** The user's policy has more questions than were answered; nothing was judged, nothing spent. */
      v.strictObject({
        verdict: v.literal("more"),
        question: questionSchema,
      }),
      /**
       * Nothing was judged: the user has none, and may add one in this sign-in that answers the question of this number,
       * from 0. See `provide`.
       */
      v.strictObject({
        verdict: v.literal("no-authenticator"),
        question: v.pipe(wholeNumber, v.maxValue(2)),
      }),
      pinNeeded,
      /** This machine is revoked: see `revocations`. */
      v.strictObject({ verdict: v.literal("revoked") }),
    ]),
  }),
} as const;

/**
 * A machine whose state or key is lost gets new keys along with one user's online MFA, signed by the new signing key. The
 * old identity ends: whatever copy of it is somewhere else is revoked.
 */
export const recover = {
  path: "/v1/recover",
  request: v.strictObject({
    sequence: wholeNumber,
    sentAtMs: wholeNumber,
    serverKey,
    oldMachine: machineIdText,
    /** `recoveryProof` under the key that came with joining. */
    proof: base64Of(32),
    loss: v.picklist(["state-damaged", "state-turned-back", "key-lost"]),
    signingKey: base64Of(32),
    boxKey: base64Of(32),
    hostname: shortText,
    platform: shortText,
    agentVersion: shortText,
    protector: shortText,
    ...signInFields,
  }),
  response: v.strictObject({
    serverTimeMs: wholeNumber,
    serverKeys,
    result: v.variant("verdict", [
      v.strictObject({
        verdict: v.literal("granted"),
        method: v.pipe(shortText, v.minLength(1)),
        machine: machineIdText,
        machinePolicy: signedDocumentSchema,
        sealedRecoveryKey,
        bundle: v.nullable(signedDocumentSchema),
        mayEnrol: v.boolean(),
      }),
      v.strictObject({ verdict: v.literal("denied") }),
      v.strictObject({ verdict: v.literal("locked") }),
      pinNeeded,
      v.strictObject({
        verdict: v.literal("more"),
        question: questionSchema,
      }),
    ]),
  }),
} as const;

/** The user said yes, within five minutes of a granted verify of the same dialogue. */
export const enrol = {
  path: "/v1/enrol",
  request: v.strictObject({ ...asking, dialogue: base64Of(16) }),
  response: v.strictObject({ ...answering, bundle: v.nullable(signedDocumentSchema) }),
} as const;

/** What a machine holds, and what has been used of it. */
const reportedEnrolments = v.pipe(
  v.array(
    v.strictObject({
      user: userNameText,
      bundleSerial: wholeNumber,
      leaseId: shortText,
      signInsUsed: wholeNumber,
      spent: spentList,
    }),
  ),
  v.maxLength(10_000),
);

export const sync = {
  path: "/v1/sync",
  request: v.strictObject({
    ...asking,
    hostname: shortText,
    platform: shortText,
    agentVersion: shortText,
    protector: shortText,
    /** Lines of events `from`, `from + 1`, …; `previous` is the chain's hash before the first of them. */
    events: v.strictObject({
      from: wholeNumber,
      previous: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      lines: v.pipe(v.array(eventLine), v.maxLength(maxEventsAtOnce)),
    }),
    /** 0 for none yet. */
    machinePolicySerial: wholeNumber,
    enrolments: reportedEnrolments,
  }),
  response: v.strictObject({
    ...answering,
    /** Events up to and including this sequence are safely kept; the machine may forget them. */
    eventsThrough: wholeNumber,
    /** Null when the machine's is the newest. */
    machinePolicy: v.nullable(signedDocumentSchema),
    /** Only those that changed. A sync refreshes a bundle but never extends its lease. */
    bundles: v.pipe(v.array(signedDocumentSchema), v.maxLength(10_000)),
  }),
} as const;

/**
 * New keys for a machine that keeps its name: they hold from the first request on that is signed with them, and the old
 * ones hold until then. So an answer that is lost changes nothing.
 */
export const rotate = {
  path: "/v1/rotate",
  request: v.strictObject({
    ...asking,
    signingKey: base64Of(32),
    boxKey: base64Of(32),
    /** `rotationProof`, by the new signing key. */
    proof: base64Of(64),
    enrolments: reportedEnrolments,
  }),
  response: v.strictObject({
    ...answering,
    /** For the new keys; null when they are not taken. */
    sealedRecoveryKey: v.nullable(sealedRecoveryKey),
    /** Of all enrolments that hold, sealed to the new box key. */
    bundles: v.pipe(v.array(signedDocumentSchema), v.maxLength(10_000)),
  }),
} as const;

/**
 * Signed like an answer, but with status 409: the number of this request has been used before, or its signature is by keys
 * that have been replaced. Says nothing of the request itself. An old copy of a machine's state hears in it what it must
 * hear whatever it asks.
 */
export const conflict = {
  status: 409,
  response: v.strictObject({
    error: v.strictObject({ code: v.picklist(["sequence-conflict", "keys-retired"]), message: shortText }),
    revocations: answering.revocations,
    serverKeys,
  }),
} as const;

export const exchanges = {
  join,
  probe,
  sendCode,
  challenge,
  verify,
  recover,
  enrol,
  provide,
  sync,
  rotate,
} as const;
export type ExchangeName = keyof typeof exchanges;
export type RequestOf<N extends ExchangeName> = v.InferOutput<(typeof exchanges)[N]["request"]>;
export type ResponseOf<N extends ExchangeName> = v.InferOutput<(typeof exchanges)[N]["response"]>;
