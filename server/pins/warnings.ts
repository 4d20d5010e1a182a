// Whom a policy that asks for a PIN keeps from their machines: those who have none of their own yet.

import type { NamedPolicy } from "../policies/policies.ts";
import type { Db } from "../store/store.ts";

/** A sentence, for whoever sets the policy; none where everybody has a PIN. Counts all whom the policy can hold for. */
export async function pinWarnings(
  db: Db,
  { policy, condition }: Pick<NamedPolicy, "policy" | "condition">,
): Promise<string[]> {
  if (policy.pin.place === "none" || policy.mfa === "exempt") return [];
  const { groups } = condition;
  const row = await db
    .selectFrom("users")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .where("disabledAtMs", "is", null)
    .where("id", "not in", (nested) =>
      nested.selectFrom("pins").select("userId").where("mustChange", "=", 0).where("lockedAtMs", "is", null),
    )
    .$if(groups.length > 0, (query) =>
      query.where("id", "in", (nested) =>
        nested.selectFrom("userGroups").select("userId").where("groupName", "in", groups),
      ),
    )
    .executeTakeFirstOrThrow();
  const count = Number(row.count);
  if (count === 0) return [];
  const who = count === 1 ? "1 user has" : `${count} users have`;
  return [
    `pin.place asks for a PIN, and ${who} none that counts: their codes open the portal, where they set one, and no machine`,
  ];
}
