// A sign-in at a machine as the server sees it, and what the audit log is told of it.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { RequestOf, ResponseOf } from "../../protocol/sync/exchanges.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Enrolment } from "../enrolments/enrolments.ts";
import type { Machine } from "../machines/machines.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import type { Judgement } from "./judge.ts";

export type Result = ResponseOf<"verify">["result"];

/** Who wants in, and where. */
export type Wish = Pick<RequestOf<"verify">, "dialogue" | "user" | "kind" | "service" | "caller">;

export interface SignIn {
  readonly machine: Machine;
  readonly request: Wish;
  readonly user: User;
  readonly policy: NamedPolicy;
  /** With everything merged that the machine says is spent. */
  readonly authenticators: readonly Authenticator[];
  /** Also one that has ended. */
  readonly enrolment: Enrolment | undefined;
}

/** For the audit alone. */
export function reasonOf(judgement: Judgement, has: number): string {
  if (has === 0) return "no-authenticator";
  if (judgement.pin === "opened") return "opened-state";
  return judgement.pin === "wrong" || judgement.pin === "left-out" ? "wrong-pin" : "wrong-code";
}

export async function recordSignIn(
  tx: Tx,
  machine: Machine,
  request: Wish,
  kind: string,
  detail: Readonly<Record<string, string>>,
  nowMs: number,
): Promise<void> {
  const about = { user: request.user, machine: machine.id };
  const { kind: signIn, service } = request;
  await record(tx, serverEntry(nowMs, kind, about, { signIn, service, offline: false, ...detail }));
}

export async function deny(
  tx: Tx,
  machine: Machine,
  request: Wish,
  reason: string,
  nowMs: number,
): Promise<{ result: Result }> {
  await recordSignIn(tx, machine, request, "sign-in-denied", { reason }, nowMs);
  return { result: { verdict: "denied" } };
}
