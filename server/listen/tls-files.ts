// Certificate and key follow their files while connections stay as they are: only new ones meet the new certificate. What
// can't be used is said once, and the old one stays.

import { statSync } from "node:fs";
import type { Logger } from "pino";
import { type Clock, repeatEvery } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { readTls, type Tls, validity } from "./tls.ts";

const lookEveryMs = 5_000;

export class TlsFiles {
  readonly #cert: string;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #tls: Tls;
  #stamp: string;
  /** The stamp of files that were found wanting, and told so. */
  #refused: string | undefined;

  /** @throws Failure when the files can't be used: then nothing is served at all. */
  constructor(cert: string, key: string, clock: Clock, log: Logger) {
    this.#cert = cert;
    this.#key = key;
    this.#clock = clock;
    this.#log = log;
    this.#stamp = this.#look();
    this.#tls = readTls(cert, key);
    const why = this.#outOfDate(this.#tls);
    if (why !== undefined) log.error({ why }, "no client will take the certificate");
  }

  get tls(): Tls {
    return this.#tls;
  }

  /** Reads the files anew, whether or not they have changed; true when what they hold is another pair, and good. */
  reload(): boolean {
    const stamp = this.#look();
    try {
      const tls = readTls(this.#cert, this.#key);
      const same = tls.cert.equals(this.#tls.cert) && tls.key.equals(this.#tls.key);
      const why = this.#outOfDate(tls);
      if (!same && why !== undefined) throw new Failure("invalid", why);
      this.#tls = tls;
      this.#stamp = stamp;
      this.#refused = undefined;
      if (!same)
        this.#log.info({ notAfter: isoTime(this.notAfterSeconds() * 1_000) }, "certificate replaced");
      return !same;
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      // Two files are not replaced in one moment: looked at again each time, told of once.
      if (this.#refused !== stamp) this.#log.error({ why }, "certificate not replaced: the old one stays");
      this.#refused = stamp;
      return false;
    }
  }

  /** Looks now and then until `stop`; `replaced` is called with every new pair. Rejects only as `replaced` does. */
  async follow(clock: Clock, stop: AbortSignal, replaced: (tls: Tls) => void): Promise<void> {
    await repeatEvery(lookEveryMs, clock, stop, () => {
      if (this.#look() !== this.#stamp && this.reload()) replaced(this.#tls);
    });
  }

  /** Seconds since 1970; 0 when the certificate can't be read as one. */
  notAfterSeconds(): number {
    return (validity(this.#tls)?.untilMs ?? 0) / 1_000;
  }

  #outOfDate(tls: Tls): string | undefined {
    const valid = validity(tls);
    const nowMs = this.#clock.wallMs();
    if (valid === undefined || (valid.fromMs <= nowMs && nowMs <= valid.untilMs)) return undefined;
    return `${this.#cert} is not valid now: from ${isoTime(valid.fromMs)} until ${isoTime(valid.untilMs)}`;
  }

  /** What changes when a file does, or where its links lead. Never throws. */
  #look(): string {
    return [this.#cert, this.#key].map(stampOf).join(" ");
  }
}

function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "?";
  }
}
