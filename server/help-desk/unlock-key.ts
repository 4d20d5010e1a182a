// The key behind help-desk unlock: one for each enrolment, known to this server and that machine alone.

import { unlockKeyBytes } from "../../otp/help-desk.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";

interface EnrolmentName {
  readonly machineId: string;
  readonly userId: string;
}

/** Sealed for the enrolment's row. */
export function freshUnlockKey(vault: Vault, enrolment: EnrolmentName, random: Random): string {
  return vault.seal(rowOf(enrolment), random.bytes(unlockKeyBytes));
}

/** @throws Error when it does not open. */
export function openUnlockKey(
  vault: Vault,
  enrolment: EnrolmentName & { readonly sealedUnlockKey: string },
): Uint8Array {
  return vault.open(rowOf(enrolment), enrolment.sealedUnlockKey);
}

function rowOf({ machineId, userId }: EnrolmentName) {
  return { table: "enrolments", id: `${machineId} ${userId}` } as const;
}
