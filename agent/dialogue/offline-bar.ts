// What ends an offline sign-in whatever would be answered.

import type { Policy } from "../../protocol/sync/policy.ts";
import { type OfflineProblem, offlineProblem } from "../policy/judge.ts";
import type { Attempt, Enrolled, Situation, Undecided } from "../policy/situation.ts";

export type Bar =
  | OfflineProblem
  | Undecided
  | { readonly verdict: "unavailable"; readonly reason: "online-only" };

export function barTo(
  situation: Situation,
  policy: Policy,
  mode: "online" | "offline",
  caller: Attempt["caller"],
): Bar | "skipped" | undefined {
  const { enrolled, time } = situation;
  if (mode === "online") return { verdict: "unavailable", reason: "online-only" };
  // A user who was taken off this machine has no more rights here than before: nothing is skipped for them.
  const skips = policy.unreachable === "skip" && !situation.revoked;
  if (enrolled === "none" && skips) return "skipped";
  if (enrolled === "none") return { verdict: "unavailable", reason: "not-enrolled" };
  if (enrolled === "damaged") return { verdict: "unavailable", reason: "damaged" };
  if (time.state === "turned-back") return { verdict: "unavailable", reason: "time-turned-back" };
  return offlineProblem(enrolled.standing, enrolled.open, caller, time.moment);
}

export function enrolledOf(situation: Situation): Enrolled | undefined {
  return typeof situation.enrolled === "string" ? undefined : situation.enrolled;
}
