// What the admin socket offers to the command line, as plain JSON values.

import type { Kind } from "../../words/kind.ts";
import type { UserName } from "../../words/user-name.ts";
import { type ProtectorName, protectorNames } from "../state/protector.ts";

export { protectorNames };

export interface EnrolmentStatus {
  readonly user: string;
  readonly enrolledAtMs: number;
  readonly lastSyncedAtMs: number;
  /** The first moment at which offline sign-in is over. */
  readonly expiresAtMs: number;
  readonly daysLeft: number;
  /** Null: not limited by number. */
  readonly signInsLeft: number | null;
  readonly lockedUntilMs: number | null;
  readonly policy: string;
}

export interface Status {
  readonly version: string;
  readonly mode: "online" | "offline";
  readonly mfa: "enabled" | "disabled";
  readonly protector: { readonly name: string; readonly defends: string };
  readonly state: "healthy" | "damaged" | "time-turned-back" | "revoked" | "not-joined";
  readonly machine: string | null;
  readonly server: {
    readonly url: string | null;
    readonly reach: "unknown" | "reachable" | "unreachable";
    readonly lastContactAtMs: number | null;
    /** Why the last try failed, in a stable word, or null. */
    readonly lastFailure: string | null;
  };
  readonly lastSyncAtMs: number | null;
  /** The agent is at one by itself, or will be within a moment. */
  readonly syncUnderWay: boolean;
  readonly eventsWaiting: number;
  /** Since there was last room for them: they are counted, and reported with the next sync. */
  readonly eventsDropped: number;
  readonly enrolments: readonly EnrolmentStatus[];
}

export interface SyncReport {
  readonly eventsSent: number;
  readonly bundlesReceived: number;
  readonly revocationsApplied: number;
}

export interface JoinReport {
  readonly machine: string;
  readonly server: string;
}

export interface RotationReport {
  readonly machine: string;
  readonly protector: { readonly name: string; readonly defends: string };
  /** The server has heard the new keys: the old ones are worth nothing any more. Otherwise with the next contact. */
  readonly heard: boolean;
}

/** Why a sign-in now would be asked, granted or refused: the steps of the decision in order. */
export interface Explanation {
  readonly user: string;
  readonly kind: Kind;
  /** What would happen: `ask` for factors, `grant` without, or `refuse`. */
  readonly online: { readonly outcome: "ask" | "grant" | "refuse"; readonly because: string };
  readonly offline: { readonly outcome: "ask" | "grant" | "refuse"; readonly because: string };
  readonly policy: string;
  readonly details: readonly string[];
}

/** A failure the person at the command line can act on; everything else is a 500 without details. */
export class AdminError extends Error {
  readonly code:
    | "not-joined"
    | "already-joined"
    | "server-unreachable"
    | "refused"
    | "not-found"
    | "bad-request"
    | "unavailable";

  constructor(code: AdminError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface AdminActions {
  status(): Promise<Status>;
  sync(): Promise<SyncReport>;
  join(url: string, token: string): Promise<JoinReport>;
  /** New keys for the state as it is, under the protector it has or another one. */
  rotateKeys(protector: ProtectorName | "same"): Promise<RotationReport>;
  explain(user: UserName, kind: Kind): Promise<Explanation>;
  /** False when there was nothing to forget. */
  forget(user: UserName): Promise<boolean>;
}
