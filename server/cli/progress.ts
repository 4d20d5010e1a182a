// How far a long command is: one line that is written over, for a person at a terminal and for nobody else.

import { type Clock, secondMs } from "../../words/clock.ts";
import type { Terminal } from "./terminal.ts";

const width = 24;
const leastPauseMs = 200;

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #startMs: number;
  #shownMs: number;
  #shown = false;

  /** `wanted`: whether the command's output is for people at all. */
  constructor(terminal: Terminal, clock: Clock, wanted: boolean) {
    this.#terminal = { ...terminal, outIsTerminal: terminal.outIsTerminal && wanted };
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#shownMs = this.#startMs;
  }

  /** `part`: how much of the whole is done, from 0 to 1, where that is known. */
  count(noun: string, done: number, part: number | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownMs < leastPauseMs) return;
    this.#shownMs = nowMs;
    const seconds = (nowMs - this.#startMs) / secondMs;
    const rate = `${group(done)} ${noun}, ${group(Math.round(done / seconds))}/s`;
    if (part === undefined || part <= 0) {
      this.show(rate);
      return;
    }
    const filled = Math.min(width, Math.round(part * width));
    const bar = `[${"#".repeat(filled)}${" ".repeat(width - filled)}]`;
    const left = Math.ceil((seconds / part) * (1 - Math.min(1, part)));
    this.show(`${bar} ${String(Math.floor(part * 100)).padStart(3)}%  ${rate}, ${left} s left`);
  }

  show(text: string): void {
    if (!this.#terminal.outIsTerminal) return;
    this.#terminal.out(`\r\u001b[K${text}`);
    this.#shown = true;
  }

  /** Leaves the line empty for what follows. */
  end(): void {
    if (this.#shown) this.#terminal.out("\r\u001b[K");
    this.#shown = false;
  }
}

function group(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, " ");
}
