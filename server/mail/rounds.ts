// Mail that nobody asks for at the moment: what is due is queued while the server runs, by any of its instances.

import type { Logger } from "pino";
import { type Clock, minuteMs, repeatEvery } from "../../words/clock.ts";
import { type WarnParts, warnOfLeaseEnds } from "./warn.ts";
import { sendWeeklyReport } from "./weekly.ts";

export interface MailRoundsParts extends WarnParts {
  readonly clock: Clock;
  readonly log: Logger;
}

const lookEveryMs = 5 * minuteMs;

export class MailRounds {
  readonly #parts: MailRoundsParts;
  readonly #over = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: MailRoundsParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#running ??= repeatEvery(lookEveryMs, clock, this.#over.signal, () => this.tick());
  }

  /** What a round has queued stays queued. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  /** Never rejects: the next one may go well, and a fault of one kind of mail keeps no other back. */
  async tick(): Promise<void> {
    const nowMs = this.#parts.clock.wallMs();
    await this.#try("leases that end", () => warnOfLeaseEnds(this.#parts, nowMs, this.#over.signal));
    await this.#try("the weekly report", () => sendWeeklyReport(this.#parts, nowMs));
  }

  async #try(about: string, work: () => Promise<number>): Promise<void> {
    const { log } = this.#parts;
    try {
      const mails = await work();
      if (mails > 0) log.info({ about, mails }, "mail queued");
    } catch (error) {
      const { name, code } = error as { name?: string; code?: string };
      log.error({ about, error: name, code }, "mail round fault");
    }
  }
}
