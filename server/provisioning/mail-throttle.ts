// How often codes may be asked for by mail: per address of the asker, and there per name, whether or not anybody has it. Who
// asks elsewhere in the same name keeps nobody waiting. Counted apart from wrong attempts: asking is none.

import { hourMs } from "../../words/clock.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import type { Vault } from "../identity/vault.ts";
import { prefixOf } from "../listen/request-limit.ts";
import { blockedUntil, countFailure } from "../sessions/throttle.ts";
import type { Tx } from "../store/store.ts";

const rules = {
  name: { free: 8, forgottenAfterMs: hourMs },
  address: { free: 40, forgottenAfterMs: hourMs },
} as const;

/** Undefined when it may be asked for; it is counted then. Otherwise the moment to come back. */
export async function countRequest(
  tx: Tx,
  vault: Vault,
  request: { readonly name: string; readonly address: string },
  nowMs: number,
): Promise<number | undefined> {
  const parsed = parseUserName(request.name);
  const name = parsed.ok ? lookAlikeKey(parsed.value) : `not a name: ${request.name}`;
  const address = prefixOf(request.address);
  const throttled = [
    { key: `mail name ${vault.digest(["nightlatch/mail-throttle/1", address, name])}`, rule: rules.name },
    { key: `mail address ${address}`, rule: rules.address },
  ];
  const untilMs = await blockedUntil(tx, throttled, nowMs);
  if (untilMs === undefined) await countFailure(tx, throttled, nowMs);
  return untilMs;
}
