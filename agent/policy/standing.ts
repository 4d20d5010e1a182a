// What this machine knows of one enrolled user: the server's signed bundle, and what has happened here since.
// `judge` and `merge` make the next standing out of the last; nothing else changes one.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Authenticator, Bundle, SealedContent } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Grace } from "./grace.ts";
import { type HelpDeskCount, nothingAsked } from "./help-desk.ts";
import { type FailureCount, noFailures } from "./lockout.ts";

/**
 * Failures are counted apart for root's dialogues (a console, sshd) and for those of the user's own programs, so that a
 * program guessing for its own user locks its own dialogues, not that user's console.
 */
export type CallerClass = "system" | "self";

export interface Standing {
  /** The server's name of the user. */
  readonly user: string;
  /** Exactly as signed; checked again whenever it is used. */
  readonly bundle: SignedDocument;
  readonly enrolledAtMs: number;
  readonly lastSyncedAtMs: number;
  /** The lease that `signInsUsed` and `guesses` are counted under. */
  readonly leaseId: string;
  readonly signInsUsed: number;
  /** What is spent of each authenticator of the bundle, and of those that earlier ones had; never goes back. */
  readonly spent: readonly Spent[];
  readonly failures: Readonly<Record<CallerClass, FailureCount>>;
  /** Wrong answers under this lease. */
  readonly guesses: Readonly<Record<CallerClass, number>>;
  readonly grace: Grace | null;
  readonly helpDesk: Readonly<Record<CallerClass, HelpDeskCount>>;
}

/** A bundle whose signature and seal have been checked. */
export interface OpenBundle {
  readonly bundle: Bundle;
  readonly authenticators: readonly Authenticator[];
  /** Where there is one, all secrets are masked by what the PIN opens. */
  readonly pin: SealedContent["pin"];
  /** For help-desk unlock, in base64; null where policy has it switched off. */
  readonly unlockKey: string | null;
}

export function newStanding(
  user: string,
  document: SignedDocument,
  open: OpenBundle,
  nowMs: number,
): Standing {
  return {
    user,
    bundle: document,
    enrolledAtMs: nowMs,
    lastSyncedAtMs: nowMs,
    leaseId: open.bundle.lease.id,
    signInsUsed: 0,
    spent: open.authenticators.map(spentOf),
    failures: { system: noFailures, self: noFailures },
    guesses: { system: 0, self: 0 },
    grace: null,
    helpDesk: { system: nothingAsked, self: nothingAsked },
  };
}

/** What the server says is spent of an authenticator. */
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

/** The later of two words on one authenticator: what either side has spent stays spent. */
export function laterSpent(one: Spent, other: Spent | undefined): Spent {
  if (other === undefined || one.id !== other.id) return one;
  if (one.type === "totp" && other.type === "totp")
    return {
      ...one,
      lastStep: later(one.lastStep, other.lastStep),
    };
  if (one.type === "ocra" && other.type === "ocra")
    return { ...one, usedThroughMs: later(one.usedThroughMs, other.usedThroughMs) };
  if (one.type === "hotp" && other.type === "hotp")
    return { ...one, counter: Math.max(one.counter, other.counter) };
  if (one.type === "backup-codes" && other.type === "backup-codes")
    return { ...one, usedIds: [...new Set([...one.usedIds, ...other.usedIds])].sort((a, b) => a - b) };
  return one;
}

function later(one: number | null, other: number | null): number | null {
  return one === null ? other : Math.max(one, other ?? one);
}
