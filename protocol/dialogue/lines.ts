// Bytes to lines, bounded before anything is kept. See protocol/dialogue.md, "Lines".

import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { limits } from "./limits.ts";

/**
 * Takes chunks as they come and gives back whole lines without their newline. The first fault is final: a receiver
 * refuses the dialogue, so nothing after it is looked at. Never holds more than one line.
 */
export class LineReader {
  #held = "";
  #fault: string | undefined;

  push(chunk: Uint8Array): Parsed<string[]> {
    if (this.#fault !== undefined) return unparsed(this.#fault);
    const lines: string[] = [];
    for (const byte of chunk) {
      if (byte === 0x0a) {
        lines.push(this.#held);
        this.#held = "";
      } else if (byte < 0x20 || byte > 0x7e) {
        return this.#fail("a byte outside 0x20 to 0x7E");
      } else if (this.#held.length >= limits.lineBytes - 1) {
        return this.#fail(`a line is longer than ${limits.lineBytes} bytes`);
      } else {
        this.#held += String.fromCharCode(byte);
      }
    }
    return parsed(lines);
  }

  /** True when the stream ended inside a line. */
  get unfinished(): boolean {
    return this.#held !== "";
  }

  #fail(fault: string): Parsed<string[]> {
    this.#fault = fault;
    this.#held = "";
    return unparsed(fault);
  }
}
