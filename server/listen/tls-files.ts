// Certificate and key follow their files while connections stay as they are: only new ones meet the new certificate. What
// can't be used is said once, and the old one stays.

import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import type { Logger } from "pino";
import { type Clock, repeatEvery } from "../../words/clock.ts";
import { readTls, type Tls } from "./tls.ts";

const lookEveryMs = 5_000;

export class TlsFiles {
  readonly #cert: string;
  readonly #key: string;
  readonly #log: Logger;
  #tls: Tls;
  #stamp: string;
  /** The stamp of files that were found wanting, and told so. */
  #refused: string | undefined;

  /** @throws Failure when the files can't be used: then nothing is served at all. */
  constructor(cert: string, key: string, log: Logger) {
    this.#cert = cert;
    this.#key = key;
    this.#log = log;
    this.#stamp = this.#look();
    this.#tls = readTls(cert, key);
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
      this.#tls = tls;
      this.#stamp = stamp;
      this.#refused = undefined;
      if (!same) this.#log.info({ notAfter: this.notAfter() }, "certificate replaced");
      return !same;
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      // Two files are not replaced in one moment: looked at again each time, told of once.
      if (this.#refused !== stamp) this.#log.error({ why }, "certificate not replaced: the old one stays");
      this.#refused = stamp;
      return false;
    }
  }

  /** Looks now and then until `stop`; `replaced` is called with every new pair. Never rejects. */
  async follow(clock: Clock, stop: AbortSignal, replaced: (tls: Tls) => void): Promise<void> {
    await repeatEvery(lookEveryMs, clock, stop, () => {
      if (this.#look() !== this.#stamp && this.reload()) replaced(this.#tls);
    });
  }

  /** Seconds since 1970; 0 when the certificate can't be read as one. */
  notAfterSeconds(): number {
    const ms = Date.parse(this.notAfter());
    return Number.isNaN(ms) ? 0 : ms / 1_000;
  }

  notAfter(): string {
    try {
      return new X509Certificate(this.#tls.cert).validTo;
    } catch {
      return "";
    }
  }

  /** What changes when a file does, or where its links lead. */
  #look(): string {
    const stamps = [this.#cert, this.#key].map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? "none" : `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}`;
    });
    return stamps.join(" ");
  }
}
