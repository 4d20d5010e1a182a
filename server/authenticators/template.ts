// What new keys are made with: a policy's `tokens` has the first word, then whoever asked for one, then the fall-back. Looked
// at when an authenticator is made; those that are there stay as they are.

import type { Algorithm } from "../../otp/hotp.ts";
import { commonSuite } from "../../otp/response.ts";
import type { KeyType } from "../../protocol/sync/policy.ts";
import { Failure } from "../failure.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Db } from "../store/store.ts";

export interface KeyParameters {
  /** This and the next of TOTP and HOTP keys. */
  readonly algorithm: Algorithm;
  readonly digits: 6 | 7 | 8;
  /** Of a TOTP key. */
  readonly periodSeconds: number;
  /** Of a challenge-response key. */
  readonly suite: string;
}

export type KeyWish = { readonly type: KeyType } & {
  readonly [P in keyof KeyParameters]?: KeyParameters[P] | undefined;
};

/** Authenticators of this type are not made for this user. */
export class TypeRefused extends Failure {
  constructor(message: string) {
    super("conflict", message);
  }
}

/** Every authenticator app takes these; what takes challenges at all takes that suite. */
export const commonParameters: KeyParameters = {
  algorithm: "sha1",
  digits: 6,
  periodSeconds: 30,
  suite: commonSuite,
};

/** By the user's policy apart from any machine. @throws Failure when it doesn't have what was asked for. */
export async function parametersFor(
  db: Db,
  userId: string,
  wish: KeyWish,
  fallback: KeyParameters,
): Promise<KeyParameters> {
  const { name, policy } = await policyOf(db, { userId, machineId: null });
  const { tokens } = policy;
  const refuse = (what: string): never => {
    throw new Failure("conflict", `the policy "${name}" has ${what}`);
  };
  if (!tokens.types.includes(wish.type))
    throw new TypeRefused(`the policy "${name}" has no new ${wish.type} authenticators (tokens.types)`);
  const chosen = <T>(field: string, fixed: T | null, asked: T | undefined, otherwise: T): T => {
    if (fixed !== null && asked !== undefined && asked !== fixed) refuse(`tokens.${field}=${fixed}`);
    return fixed ?? asked ?? otherwise;
  };
  if (wish.type === "ocra")
    return { ...fallback, suite: chosen("ocraSuite", tokens.ocraSuite, wish.suite, fallback.suite) };
  return {
    ...fallback,
    algorithm: chosen("algorithm", tokens.algorithm, wish.algorithm, fallback.algorithm),
    digits: chosen("digits", tokens.digits, wish.digits, fallback.digits),
    periodSeconds:
      wish.type === "hotp"
        ? fallback.periodSeconds
        : chosen("periodSeconds", tokens.periodSeconds, wish.periodSeconds, fallback.periodSeconds),
  };
}

/** Those of `types` of which the user's policy lets one be made. */
export async function typesFor(
  db: Db,
  userId: string,
  types: readonly KeyWish["type"][],
): Promise<KeyWish["type"][]> {
  const { tokens } = (await policyOf(db, { userId, machineId: null })).policy;
  return types.filter((type) => tokens.types.includes(type));
}

/** Whether the user's policy lets one of this type be made. */
export async function mayMake(db: Db, userId: string, type: KeyWish["type"]): Promise<boolean> {
  return (await typesFor(db, userId, [type])).length > 0;
}
