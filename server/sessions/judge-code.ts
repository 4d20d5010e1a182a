// One code at the server's own pages: any of the user's own authenticators does, and what is right is spent for every
// machine, too. A seed that lies on a machine opens nothing here.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { authenticatorTypes } from "../../protocol/sync/policy.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import type { Vault } from "../identity/vault.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Tx } from "../store/store.ts";
import type { Answer } from "../verification/judge.ts";
import { judgeAnswers } from "../verification/judge.ts";

export interface RightCode {
  readonly method: string;
  readonly spends: readonly Spent[];
  /** Nothing is spent before this. */
  spend(): Promise<void>;
}

/** Undefined for a wrong code. */
export async function judgeCode(
  tx: Tx,
  vault: Vault,
  userId: string,
  answers: readonly Answer[],
  nowMs: number,
): Promise<RightCode | undefined> {
  return judgeAgainst(tx, userId, await authenticatorsOf(tx, vault, userId), answers, nowMs);
}

export async function judgeAgainst(
  tx: Tx,
  userId: string,
  authenticators: readonly Authenticator[],
  answers: readonly Answer[],
  nowMs: number,
): Promise<RightCode | undefined> {
  const { policy } = await policyOf(tx, { userId, machineId: null });
  const judgement = judgeAnswers(
    [[...authenticatorTypes]],
    answers,
    authenticators,
    policy,
    [],
    undefined,
    nowMs,
  );
  if (!judgement.right) return undefined;
  const { method, spends } = judgement;
  const spend = async () => {
    await mergeAndSave(tx, authenticators, spends, nowMs);
  };
  return { method, spends, spend };
}
