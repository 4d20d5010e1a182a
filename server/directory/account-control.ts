// Whether a domain of Active Directory lets nobody in by an account: it is disabled, or its time is over. Not that it is locked
// for a while: whoever guesses passwords would decide who comes in.

const disabled = 2;
/** Both say that it never expires. */
const never: readonly string[] = ["0", "9223372036854775807"];
/** From 1601, the beginning of their times, to 1970. */
const offsetMs = 11_644_473_600_000n;
const ticksPerMs = 10_000n;

/** `control`: userAccountControl, `expires`: accountExpires, as they are written; empty where they are not there. */
export function isShut(control: string, expires: string, nowMs: number): boolean {
  if ((Number(control) & disabled) !== 0) return true;
  // No number is no time that is still to come.
  if (expires === "" || never.includes(expires)) return false;
  return !/^\d{1,19}$/.test(expires) || BigInt(expires) / ticksPerMs - offsetMs <= BigInt(nowMs);
}
