// What is spent, and the one way two sides' words about it come together: the later of the two. Pure.

import { usedThrough } from "../../otp/challenge.ts";
import { timeStep } from "../../otp/totp.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import { dayMs } from "../../words/clock.ts";

export function spentOf(authenticator: Authenticator): Spent {
  switch (authenticator.type) {
    case "totp":
      return { type: "totp", id: authenticator.id, lastStep: authenticator.lastStep };
    case "hotp":
      return { type: "hotp", id: authenticator.id, counter: authenticator.counter };
    case "backup-codes":
      return { type: "backup-codes", id: authenticator.id, usedIds: authenticator.usedIds };
    case "ocra":
      return { type: "ocra", id: authenticator.id, usedThroughMs: authenticator.usedThroughMs };
  }
}

/** The authenticator with at least as much spent as either side says; itself when the word is about another one. */
export function mergeSpent(authenticator: Authenticator, spent: Spent): Authenticator {
  if (spent.id !== authenticator.id) return authenticator;
  if (authenticator.type === "totp" && spent.type === "totp")
    return { ...authenticator, lastStep: later(authenticator.lastStep, spent.lastStep) };
  if (authenticator.type === "hotp" && spent.type === "hotp")
    return { ...authenticator, counter: Math.max(authenticator.counter, spent.counter) };
  if (authenticator.type === "ocra" && spent.type === "ocra")
    return { ...authenticator, usedThroughMs: later(authenticator.usedThroughMs, spent.usedThroughMs) };
  if (authenticator.type === "backup-codes" && spent.type === "backup-codes") {
    const used = new Set([...authenticator.usedIds, ...spent.usedIds]);
    return {
      ...authenticator,
      usedIds: authenticator.codes.map((code) => code.id).filter((id) => used.has(id)),
    };
  }
  return authenticator;
}

/** True when whoever knows `known` learns nothing from `spent`. */
export function covers(known: Spent, spent: Spent): boolean {
  if (known.id !== spent.id) return false;
  if (known.type === "totp" && spent.type === "totp") return reaches(known.lastStep, spent.lastStep);
  if (known.type === "ocra" && spent.type === "ocra")
    return reaches(known.usedThroughMs, spent.usedThroughMs);
  if (known.type === "hotp" && spent.type === "hotp") return known.counter >= spent.counter;
  if (known.type === "backup-codes" && spent.type === "backup-codes")
    return spent.usedIds.every((id) => known.usedIds.includes(id));
  return false;
}

/**
 * A machine's word about a TOTP step more than a day ahead is cut to a day ahead: an honest machine has none, and one in
 * wrong hands shall not make a user's authenticator useless everywhere for good. Accepted: it can for a day.
 * About challenges that were not drawn yet nothing is believed.
 */
export function bounded(spent: Spent, authenticators: readonly Authenticator[], nowMs: number): Spent {
  if (spent.type === "ocra" && spent.usedThroughMs !== null) {
    const believed = usedThrough(spent.usedThroughMs, nowMs);
    return { ...spent, usedThroughMs: believed === null ? null : Math.min(believed, nowMs) };
  }
  if (spent.type !== "totp" || spent.lastStep === null) return spent;
  const about = authenticators.find((known) => known.id === spent.id);
  if (about?.type !== "totp") return spent;
  return { ...spent, lastStep: Math.min(spent.lastStep, timeStep(about.periodSeconds, nowMs + dayMs)) };
}

function reaches(known: number | null, spent: number | null): boolean {
  return spent === null || (known !== null && known >= spent);
}

function later(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
