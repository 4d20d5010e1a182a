// The last request numbers of a machine, and which request each came with. A line can break after a request was taken, so that
// it is sent once more, and can hold one up until the next ones have passed it: both are no clone. Pure.

import { createHash } from "node:crypto";

/** So far behind the newest a number may come that was never seen: a machine gives up one request at a time. */
const reach = 8;

/** As it is kept: `number:print` of the last, joined by spaces. */
export type RecentRequests = string;

/** Of a request's signature, which covers all of it: no two requests have the same. */
export function printOf(signature: string): string {
  return createHash("sha256").update(signature, "utf8").digest("base64url").slice(0, 16);
}

/** Of a machine that has just become known: its number is taken. */
export function afterJoin(sequence: number): RecentRequests {
  return `${sequence}:joined`;
}

/** With one more. */
export function afterRequest(recent: RecentRequests, sequence: number, print: string): RecentRequests {
  const kept = recent.split(" ").filter((one) => one !== "" && numberOf(one) > sequence - reach);
  return [`${sequence}:${print}`, ...kept].join(" ");
}

/** With one that others have passed. */
export function withOvertaken(recent: RecentRequests, sequence: number, print: string): RecentRequests {
  return `${recent} ${sequence}:${print}`;
}

/**
 * What a number that does not rise tells: `repeated`, the newest request again, `overtaken`, one that others have passed, or
 * `taken`: somebody else has used it, or it is too old to be either.
 */
export function whatIsRepeated(
  recent: RecentRequests,
  newest: number,
  sequence: number,
  print: string,
): "repeated" | "overtaken" | "taken" {
  const known = recent.split(" ").find((one) => numberOf(one) === sequence);
  if (known === `${sequence}:${print}` && sequence === newest) return "repeated";
  return known === undefined && sequence > newest - reach ? "overtaken" : "taken";
}

function numberOf(one: string): number {
  return Number(one.slice(0, one.indexOf(":")));
}
