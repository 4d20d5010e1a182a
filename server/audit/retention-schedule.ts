// The audit is pruned while the server runs, once a day where an admin has said how long entries are kept: by one of several
// instances, and by none while the clock may be wrong.

import type { Logger } from "pino";
import { type Clock, dayMs, minuteMs, repeatEvery } from "../../words/clock.ts";
import { readSetting } from "../settings/settings.ts";
import { note, noted } from "../store/notices.ts";
import type { Store } from "../store/store.ts";
import { latestByEntries, pruneAudit } from "./prune.ts";
import { retentionSetting, waitMs } from "./retention.ts";
import { lookAtClock } from "./steady-clock.ts";

export interface AuditRetentionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

const lookEveryMs = 10 * minuteMs;
const noticeName = "audit-retention";

export class AuditRetention {
  readonly #parts: AuditRetentionParts;
  readonly #over = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: AuditRetentionParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#running ??= repeatEvery(lookEveryMs, clock, this.#over.signal, () => this.tick());
  }

  /** What is left of a pass that is under way waits for the next one. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  /** Prunes if it is time to. Never rejects: the next one may go well. */
  async tick(): Promise<void> {
    const { store, clock, log } = this.#parts;
    try {
      const { leapt, beforeMs } = await this.#claim();
      if (leapt)
        log.warn("the clock has leapt, or no server has run for days: the audit is not pruned for a week");
      if (beforeMs === undefined) return;
      // Where nobody has done anything for weeks, what was last done stays.
      const latestMs = Math.min(beforeMs, (await latestByEntries(store.db)) ?? beforeMs);
      const { entries } = await pruneAudit(store, latestMs, { clock, stop: this.#over.signal });
      log.info({ entries }, "audit pruned");
    } catch (error) {
      if (this.#over.signal.aborted) return;
      const { name, code } = error as { name?: string; code?: string };
      log.error({ error: name, code }, "audit not pruned");
    }
  }

  /** Before which moment, if it is time and nobody else has said so. */
  async #claim(): Promise<{ readonly leapt: boolean; readonly beforeMs?: number }> {
    const { store, clock } = this.#parts;
    const nothing = { leapt: false };
    if ((await readSetting(store.db, retentionSetting)).keepDays === 0) return nothing;
    return store.write(async (tx) => {
      const nowMs = clock.wallMs();
      const { keepDays } = await readSetting(tx, retentionSetting);
      if (keepDays === 0) return nothing;
      const { sinceMs, leapt } = await lookAtClock(tx, nowMs);
      if (nowMs - sinceMs < waitMs) return { leapt };
      const last = await noted(tx, noticeName);
      if (last !== undefined && Math.abs(nowMs - last) < dayMs) return nothing;
      await note(tx, noticeName, nowMs);
      return { leapt: false, beforeMs: nowMs - keepDays * dayMs };
    });
  }
}
