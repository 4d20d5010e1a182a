// A file that is written piece by piece, for its owner alone.

import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

const chunkLength = 65_536;

/** A new file that only its owner reads. */
export class PrivateFile {
  readonly #file: number;
  #held = "";

  /** @throws Error EEXIST when something is there already. */
  constructor(path: string) {
    this.#file = openSync(path, "wx", 0o600);
  }

  write(text: string): void {
    this.#held += text;
    if (this.#held.length >= chunkLength) this.#flush();
  }

  /** What was written survives a power cut when this returns. */
  finish(): void {
    this.#flush();
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    let bytes = Buffer.from(this.#held, "utf8");
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#file, bytes));
    this.#held = "";
  }
}
