// An agent's insides as the admin API sees them, with answers that a test chooses.

import type {
  AdminActions,
  Explanation,
  JoinReport,
  RotationReport,
  Status,
  SyncReport,
} from "../../agent/admin/actions.ts";
import type { Kind } from "../../words/kind.ts";
import type { UserName } from "../../words/user-name.ts";

const noon = Date.parse("2026-11-20T12:00:00Z");
const day = 86_400_000;

export const healthy: Status = {
  version: "0.1.0",
  mode: "offline",
  mfa: "enabled",
  protector: { name: "file", defends: "against other accounts of this machine" },
  state: "healthy",
  machine: "laptop-7",
  server: { url: "https://mfa.corp.example", reach: "reachable", lastContactAtMs: noon, lastFailure: null },
  lastSyncAtMs: noon,
  syncUnderWay: false,
  eventsWaiting: 1,
  eventsDropped: 0,
  enrolments: [
    {
      user: "alice",
      enrolledAtMs: noon - 30 * day,
      lastSyncedAtMs: noon,
      expiresAtMs: noon + 6 * day,
      daysLeft: 6,
      signInsLeft: 20,
      lockedUntilMs: null,
      policy: "staff",
    },
    {
      user: "bob",
      enrolledAtMs: noon - 30 * day,
      lastSyncedAtMs: noon - 20 * day,
      expiresAtMs: noon + day,
      daysLeft: 1,
      signInsLeft: null,
      lockedUntilMs: noon + 900_000,
      policy: "staff",
    },
  ],
};

export class FakeActions implements AdminActions {
  readonly calls: unknown[][] = [];
  now: Status = healthy;
  fail: Error | undefined;
  forgotten = true;
  heard = true;

  async status(): Promise<Status> {
    this.#maybeFail();
    return this.now;
  }

  async sync(): Promise<SyncReport> {
    this.#maybeFail();
    this.calls.push(["sync"]);
    return { eventsSent: 3, bundlesReceived: 2, revocationsApplied: 1 };
  }

  async join(url: string, token: string): Promise<JoinReport> {
    this.#maybeFail();
    this.calls.push(["join", url, token]);
    return { machine: "laptop-7", server: url };
  }

  async rotateKeys(protector: string): Promise<RotationReport> {
    this.#maybeFail();
    this.calls.push(["rotate-keys", protector]);
    const name = protector === "same" ? "file" : protector;
    return { machine: "laptop-7", protector: { name, defends: "this and that" }, heard: this.heard };
  }

  async explain(user: UserName, kind: Kind): Promise<Explanation> {
    this.#maybeFail();
    this.calls.push(["explain", user, kind]);
    return {
      user,
      kind,
      online: { outcome: "ask", because: "the policy asks for totp" },
      offline: { outcome: "refuse", because: "the lease has ended" },
      policy: "staff",
      details: ["alice is enrolled", "the lease ended 2 days ago"],
    };
  }

  async forget(user: UserName): Promise<boolean> {
    this.#maybeFail();
    this.calls.push(["forget", user]);
    return this.forgotten;
  }

  #maybeFail(): void {
    if (this.fail !== undefined) throw this.fail;
  }
}
