// Mail that nobody asks for at the moment: what is due is queued while the server runs, by any of its instances.

import type { Logger } from "pino";
import { type Clock, minuteMs } from "../../words/clock.ts";
import { type WarnParts, warnOfLeaseEnds } from "./warn.ts";

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
    this.#running ??= this.#run();
  }

  /** What a round has queued stays queued. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        await this.#parts.clock.sleep(lookEveryMs, this.#over.signal);
      } catch {
        return;
      }
      await this.tick();
    }
  }

  /** Never rejects: the next one may go well. */
  async tick(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      const warned = await warnOfLeaseEnds(this.#parts, clock.wallMs(), this.#over.signal);
      if (warned > 0) log.info({ warned }, "told of leases that end");
    } catch (error) {
      log.error(
        { error: (error as Error).name, code: (error as { code?: string }).code },
        "mail round fault",
      );
    }
  }
}
