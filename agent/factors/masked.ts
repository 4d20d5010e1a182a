// Authenticators whose seeds are masked by the user's PIN, read as the one who types means them. Every PIN gives seeds; a code
// is right for those of the right PIN, and a wrong PIN is nothing but a wrong code. Pure but for the hash, which is made before
// anything is judged.

import { normaliseDigits } from "../../otp/code.ts";
import { maskSeed, openPin, type PinLock } from "../../otp/pin-lock.ts";
import { codeLength, splitPin } from "../../otp/pin.ts";
import type { Authenticator, SealedContent } from "../../protocol/sync/documents.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import type { Answer, TypedPin } from "./answer.ts";
import type { Hashing } from "./hashing.ts";

/** What of a bundle says how its authenticators are to be read. */
export interface Bundled {
  readonly authenticators: readonly Authenticator[];
  readonly pin: SealedContent["pin"];
  readonly bundle: { readonly policy: Pick<Policy, "pin"> };
}

/** One hash for each length that a code can have, whatever the text is: how long it takes says nothing about it. */
export async function hashTypedPins(
  text: string,
  { authenticators, pin, bundle }: Bundled,
  hashing: Hashing,
): Promise<readonly TypedPin[]> {
  const { place } = bundle.policy.pin;
  if (pin === null || place === "none") return [];
  const lock = lockOf(pin);
  const lengths = new Set(
    authenticators.flatMap((one) => (one.type === "backup-codes" ? [] : [codeLength(one)])),
  );
  const typed: TypedPin[] = [];
  for (const digits of lengths) {
    const apart = splitPin(normaliseDigits(text), digits, place);
    const key = await hashing.run(() => openPin(apart.pin, lock));
    typed.push({ digits, code: apart.code, key, lock: pin.salt + pin.difference });
  }
  return typed;
}

/** An authenticator and an answer to be judged by it. Undefined where the answer was made ready for another lock: it is wrong. */
export function asTyped(
  authenticator: Authenticator,
  answer: Answer,
  pin: SealedContent["pin"],
): { readonly authenticator: Authenticator; readonly answer: Answer } | undefined {
  if (pin === null || authenticator.type === "backup-codes") return { authenticator, answer };
  const length = codeLength(authenticator);
  const typed = answer.pins.find(
    ({ digits, lock }) => digits === length && lock === pin.salt + pin.difference,
  );
  if (typed === undefined) return undefined;
  const seed = maskSeed(typed.key, Buffer.from(authenticator.secret, "base64"));
  return {
    authenticator: { ...authenticator, secret: Buffer.from(seed).toString("base64") },
    answer: { ...answer, text: typed.code },
  };
}

function lockOf({ salt, difference, cost }: NonNullable<SealedContent["pin"]>): PinLock {
  return { salt: Buffer.from(salt, "base64"), difference: Buffer.from(difference, "base64"), cost };
}
