// What the agent answers on its admin socket, checked: an agent of another version is told apart from a broken one.

import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import type { Explanation, JoinReport, RotationReport, Status, SyncReport } from "../admin/actions.ts";

const maybe = <const Schema extends v.GenericSchema>(schema: Schema) => v.nullable(schema);
const outcome = v.object({ outcome: v.picklist(["ask", "grant", "refuse"]), because: v.string() });

export const statusReply: v.GenericSchema<unknown, Status> = v.object({
  version: v.string(),
  mode: v.picklist(["online", "offline"]),
  mfa: v.picklist(["enabled", "disabled"]),
  protector: v.object({ name: v.string(), defends: v.string() }),
  state: v.picklist(["healthy", "damaged", "time-turned-back", "revoked", "not-joined"]),
  machine: maybe(v.string()),
  server: v.object({
    url: maybe(v.string()),
    reach: v.picklist(["unknown", "reachable", "unreachable"]),
    lastContactAtMs: maybe(v.number()),
    lastFailure: maybe(v.string()),
  }),
  lastSyncAtMs: maybe(v.number()),
  syncUnderWay: v.boolean(),
  eventsWaiting: v.number(),
  eventsDropped: v.number(),
  enrolments: v.array(
    v.object({
      user: v.string(),
      enrolledAtMs: v.number(),
      lastSyncedAtMs: v.number(),
      expiresAtMs: v.number(),
      daysLeft: v.number(),
      signInsLeft: maybe(v.number()),
      lockedUntilMs: maybe(v.number()),
      policy: v.string(),
    }),
  ),
});

export const syncReply: v.GenericSchema<unknown, SyncReport> = v.object({
  eventsSent: v.number(),
  bundlesReceived: v.number(),
  revocationsApplied: v.number(),
});

export const joinReply: v.GenericSchema<unknown, JoinReport> = v.object({
  machine: v.string(),
  server: v.string(),
});

export const rotationReply: v.GenericSchema<unknown, RotationReport> = v.object({
  machine: v.string(),
  protector: v.object({ name: v.string(), defends: v.string() }),
  heard: v.boolean(),
});

export const explainReply: v.GenericSchema<unknown, Explanation> = v.object({
  user: v.string(),
  kind: v.picklist(kinds),
  online: outcome,
  offline: outcome,
  policy: v.string(),
  details: v.array(v.string()),
});

export const forgetReply = v.object({ forgotten: v.boolean() });

export const errorReply = v.object({ error: v.object({ code: v.string(), message: v.string() }) });
