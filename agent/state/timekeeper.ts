import type { Clock } from "../../words/clock.ts";
import { type ClockReading, type TimeRecord, type TrustedTime, trustedTime } from "../policy/trusted-time.ts";

/** Reads the clocks for trusted time: the only place where wall clock, boot and record meet. */
export class Timekeeper {
  readonly #clock: Clock;
  readonly #bootId: string;

  constructor(clock: Clock, bootId: string) {
    this.#clock = clock;
    this.#bootId = bootId;
  }

  reading(): ClockReading {
    return {
      wallMs: Math.round(this.#clock.wallMs()),
      sinceBootMs: this.#clock.monotonicMs(),
      bootId: this.#bootId,
    };
  }

  now(record: TimeRecord): TrustedTime & { readonly wallMs: number } {
    const reading = this.reading();
    return { ...trustedTime(record, reading), wallMs: reading.wallMs };
  }
}
