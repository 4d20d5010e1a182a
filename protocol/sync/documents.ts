// The signed documents a machine keeps: bundle, machine policy, revocation, the server's next key. Serials of one machine only rise, over all
// the first three kinds together, so that "older" has one meaning.

import * as v from "valibot";
import { unlockKeyBytes } from "../../otp/help-desk.ts";
import { algorithms } from "../../otp/hotp.ts";
import { mostPinLength } from "../../otp/pin.ts";
import { mostPinCost, pinCost, pinSaltBytes } from "../../otp/pin-lock.ts";
import { base64, base64Of, wholeNumber, wholeNumberUpTo } from "./encoding.ts";
import { ocraSuiteName, policySchema } from "./policy.ts";

export const userNameText = v.pipe(v.string(), v.minLength(1), v.maxBytes(256));
export const machineIdText = v.pipe(v.string(), v.regex(/^[A-Z2-7]{32}$/));

const otpKey = {
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  /** Within the bounds that a code can be computed for: a bundle is refused on arrival rather than at a sign-in. */
  secret: base64(128, 10),
  algorithm: v.picklist(algorithms),
  digits: v.picklist([6, 7, 8]),
};

/** What offline checking needs of an authenticator, and no more. What is spent is the later of the two sides' words. */
export const authenticatorSchema = v.variant("type", [
  v.strictObject({
    type: v.literal("totp"),
    ...otpKey,
    periodSeconds: wholeNumberUpTo(86_400, 1),
    lastStep: v.nullable(wholeNumber),
  }),
  v.strictObject({ type: v.literal("hotp"), ...otpKey, counter: wholeNumber }),
  v.strictObject({
    type: v.literal("backup-codes"),
    id: otpKey.id,
    salt: base64(64),
    codes: v.pipe(
      v.array(v.strictObject({ id: wholeNumberUpTo(1_000), hash: base64Of(32) })),
      v.maxLength(100),
    ),
    usedIds: v.pipe(v.array(wholeNumberUpTo(1_000)), v.maxLength(100)),
  }),
  v.strictObject({
    type: v.literal("ocra"),
    id: otpKey.id,
    secret: otpKey.secret,
    suite: ocraSuiteName,
    /** Challenges that the server drew until then are over for this one, as far as machines have told. */
    usedThroughMs: v.nullable(wholeNumber),
  }),
]);
export type Authenticator = v.InferOutput<typeof authenticatorSchema>;
/** Each id once: what is spent is kept by id. */
export const authenticatorsSchema = v.pipe(
  v.array(authenticatorSchema),
  v.maxLength(50),
  v.check((all) => new Set(all.map(({ id }) => id)).size === all.length),
);

/** See otp/pin-lock.ts. The floor and the ceiling of the cost hold at both ends. */
const pinLockSchema = v.strictObject({
  salt: base64Of(pinSaltBytes),
  difference: base64Of(mostPinLength),
  cost: v.strictObject({
    memory: wholeNumberUpTo(mostPinCost.memory, pinCost.memory),
    passes: wholeNumberUpTo(mostPinCost.passes, pinCost.passes),
  }),
});

/** What only the machine may read of a bundle. */
export const sealedContentSchema = v.strictObject({
  authenticators: authenticatorsSchema,
  /** The user's PIN: the secrets above (not backup codes) are masked by what it opens. Null: they are as they stand. */
  pin: v.nullable(pinLockSchema),
  /** For help-desk unlock of this user on this machine; null where policy has it switched off. */
  unlockKey: v.nullable(base64Of(unlockKeyBytes)),
});
export type SealedContent = v.InferOutput<typeof sealedContentSchema>;

/** The permission behind an enrolment. A new one, with a new id, comes only from an online MFA. */
export const leaseSchema = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  startedAtMs: wholeNumber,
  /** The first moment at which it is no longer good. */
  expiresAtMs: wholeNumber,
  signIns: v.nullable(wholeNumber),
});
export type Lease = v.InferOutput<typeof leaseSchema>;

/** What a sync brings for one user of one machine. */
export const bundleSchema = v.strictObject({
  serial: wholeNumber,
  machine: machineIdText,
  user: userNameText,
  issuedAtMs: wholeNumber,
  lease: leaseSchema,
  /** The name of the policy, for `nightlatch explain`. */
  policyName: v.pipe(v.string(), v.maxLength(128)),
  policy: policySchema,
  /** Sealed box for the machine: JSON of `SealedContent`. */
  sealed: base64(65_536),
});
export type Bundle = v.InferOutput<typeof bundleSchema>;

/** What holds on a machine for users it has no bundle of. */
export const machinePolicySchema = v.strictObject({
  serial: wholeNumber,
  machine: machineIdText,
  issuedAtMs: wholeNumber,
  /** The whole machine asks for no second factor. */
  exempt: v.boolean(),
  /** What holds for a user who is not enrolled here, unless `ofUsers` has another word on them. */
  policy: policySchema,
  policyName: v.pipe(v.string(), v.maxLength(128)),
  /** Users whose own policy asks for something else than that one. No user is in it twice. */
  ofUsers: v.pipe(
    v.array(
      v.strictObject({
        policyName: v.pipe(v.string(), v.maxLength(128)),
        policy: policySchema,
        users: v.pipe(v.array(userNameText), v.maxLength(10_000)),
      }),
    ),
    v.maxLength(50),
  ),
  /** Minutes between two scheduled syncs. */
  syncMinutes: wholeNumberUpTo(10_080, 1),
});
export type MachinePolicy = v.InferOutput<typeof machinePolicySchema>;

export const revocationSchema = v.strictObject({
  serial: wholeNumber,
  machine: machineIdText,
  issuedAtMs: wholeNumber,
  target: v.variant("scope", [
    v.strictObject({ scope: v.literal("machine") }),
    v.strictObject({ scope: v.literal("user"), user: userNameText }),
    /** A copy of the machine that still has keys which were replaced. */
    v.strictObject({ scope: v.literal("keys"), signingKey: base64Of(32) }),
  ]),
});
export type Revocation = v.InferOutput<typeof revocationSchema>;

/**
 * The server's next identity, signed by the one before, which it names. Whoever knows one key follows such documents to the
 * newest, however long it was away.
 */
export const serverKeySchema = v.strictObject({
  /** 1 for the first that takes another's place; each one higher by one. */
  number: v.pipe(wholeNumber, v.minValue(1)),
  issuedAtMs: wholeNumber,
  previousSigningKey: base64Of(32),
  previousBoxKey: base64Of(32),
  signingKey: base64Of(32),
  boxKey: base64Of(32),
  /** From this moment on the previous key is not accepted by who knows this one. */
  previousEndsAtMs: wholeNumber,
});
export type ServerKey = v.InferOutput<typeof serverKeySchema>;
