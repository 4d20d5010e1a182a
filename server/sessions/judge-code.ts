// One code at the server's own pages: any of the user's own authenticators does, and what is right is spent for every
// machine, too. A seed that lies on a machine opens nothing here. Where there is a PIN, it is a part of the code here as well.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { authenticatorTypes, type Policy } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import type { Vault } from "../identity/vault.ts";
import { lacksPin, pinRule, pinWanted, settlePin } from "../pins/judge-pin.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import {
  type Answer,
  type Challenge,
  type Judgement,
  judgeAnswers,
  type PinWanted,
} from "../verification/judge.ts";

export interface JudgedCode {
  readonly right: boolean;
  readonly method: string;
  readonly spends: readonly Spent[];
  /** Policy asks for a PIN, and none of the user's own stood beside this code: it is good where one is set alone. */
  readonly lacksPin: boolean;
  /** Spends the code, and counts a PIN beside it. To be done whatever it was, once all the rest was right; not before. */
  settle(): Promise<void>;
}

interface Parts {
  readonly vault: Vault;
  readonly random: Random;
}

/**
 * With the PIN that policy asks of this user apart from any machine. `challenge`: what this very page has shown, taken in this
 * transaction; without one no response is right.
 */
export async function judgeCode(
  tx: Tx,
  parts: Parts,
  user: User,
  answers: readonly Answer[],
  challenge: Challenge | undefined,
  nowMs: number,
): Promise<JudgedCode> {
  const { policy } = await policyOf(tx, { userId: user.id, machineId: null });
  const rule = await pinRule(tx, parts.vault, user.id, policy);
  const authenticators = await authenticatorsOf(tx, parts.vault, user.id);
  const judged = judge(authenticators, policy, answers, challenge, nowMs, pinWanted(rule));
  const takesPin = judged.spends.some(({ type }) => type !== "backup-codes");
  return {
    ...judged,
    lacksPin: takesPin && lacksPin(rule),
    settle: async () => {
      await mergeAndSave(tx, authenticators, judged.spends, nowMs);
      await settlePin(tx, parts, user, rule, judged, nowMs);
    },
  };
}

/** A code of an authenticator that is not the user's yet: nothing is spent of it, and no PIN has a part in it. */
export async function judgeOffered(
  tx: Tx,
  user: User,
  offered: Authenticator,
  answers: readonly Answer[],
  nowMs: number,
): Promise<JudgedCode> {
  const { policy } = await policyOf(tx, { userId: user.id, machineId: null });
  const judged = judge([offered], policy, answers, undefined, nowMs, undefined);
  return { ...judged, lacksPin: policy.pin.place !== "none", settle: async () => undefined };
}

function judge(
  authenticators: readonly Authenticator[],
  policy: Policy,
  answers: readonly Answer[],
  challenge: Challenge | undefined,
  nowMs: number,
  wanted: PinWanted | undefined,
): Judgement {
  const question = [...authenticatorTypes];
  return judgeAnswers([question], answers, authenticators, policy, [], challenge, nowMs, wanted);
}
