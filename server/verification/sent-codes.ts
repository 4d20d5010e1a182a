// Codes that were sent for one sign-in: eight digits, ten minutes, five tries, one use, in one dialogue at one machine. Only a
// keyed hash is kept, which binds the code to where it is good.

import type { SentType } from "../../protocol/sync/policy.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import { makeCode } from "../provisioning/mail-codes.ts";
import type { Tx } from "../store/store.ts";
import type { SentCode } from "./judge.ts";

export const codeMinutes = 10;
const mostFailures = 5;

interface Place {
  readonly machineId: string;
  readonly dialogue: string;
}

/** Takes the place of one sent before in this dialogue, whose failures it keeps. */
export async function makeSentCode(
  tx: Tx,
  vault: Vault,
  wish: Place & { readonly type: SentType; readonly userId: string },
  random: Random,
  nowMs: number,
): Promise<string> {
  const code = makeCode(random);
  const { userId } = wish;
  // Also its user: a machine may say of one dialogue that it is two users'.
  const fresh = { userId, digest: digestOf(vault, wish, code), expiresAtMs: nowMs + codeMinutes * minuteMs };
  await tx
    .insertInto("signInCodes")
    .values({ ...wish, ...fresh, failures: 0 })
    .onConflict((conflict) => conflict.columns(["machineId", "dialogue", "type"]).doUpdateSet(fresh))
    .execute();
  return code;
}

/** Those that can still be right. */
export async function codesSentFor(
  tx: Tx,
  vault: Vault,
  machine: { readonly id: string },
  dialogue: string,
  user: { readonly id: string },
  nowMs: number,
): Promise<SentCode[]> {
  const place = { machineId: machine.id, dialogue };
  const rows = await tx
    .selectFrom("signInCodes")
    .select(["type", "digest"])
    .where("machineId", "=", machine.id)
    .where("dialogue", "=", dialogue)
    .where("userId", "=", user.id)
    .where("expiresAtMs", ">", nowMs)
    .where("failures", "<", mostFailures)
    .orderBy("type")
    .execute();
  return rows.map(({ type, digest }) => ({
    type,
    // Digests of 256 bits under a key of the server: that they are compared as texts tells nothing.
    isRight: (typed) => digest === digestOf(vault, place, typed),
  }));
}

/** One that was right is used; each other one has had a try. */
export async function settleSentCodes(
  tx: Tx,
  machine: { readonly id: string },
  dialogue: string,
  sent: readonly SentCode[],
  used: readonly SentType[],
): Promise<void> {
  for (const { type } of sent) {
    const isUsed = used.includes(type);
    await tx
      .updateTable("signInCodes")
      .set((expression) => (isUsed ? { expiresAtMs: 0 } : { failures: expression("failures", "+", 1) }))
      .where("machineId", "=", machine.id)
      .where("dialogue", "=", dialogue)
      .where("type", "=", type)
      .execute();
  }
}

function digestOf(vault: Vault, { machineId, dialogue }: Place, code: string): string {
  return vault.digest(["nightlatch/sign-in-code/1", machineId, dialogue, code]);
}
