// Where a key stands in a TOML text. The parser reports positions for faults of syntax only; a wrong value or an unknown
// key is found later, so this walks the text a second time and notes where each key begins.

import { parse } from "smol-toml";

export interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export type Locate = (path: readonly string[]) => Position | undefined;

/**
 * Expects a text that the parser has accepted. For a key given in several places (`[a.b]`, `[a.c]` for `a`) the first counts.
 * A text that is no TOML after all yields fewer positions, never an endless walk.
 */
export function locator(text: string): Locate {
  const found = new Map<string, number>();
  new Walk(text, found).document();
  return (path) => {
    const at = found.get(JSON.stringify(path));
    return at === undefined ? undefined : positionAt(text, at);
  };
}

export function positionAt(text: string, at: number): Position {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

class Walk {
  readonly #text: string;
  readonly #found: Map<string, number>;
  #at = 0;

  constructor(text: string, found: Map<string, number>) {
    this.#text = text;
    this.#found = found;
  }

  document(): void {
    let table: readonly string[] = [];
    this.#skip(/[\s\uFEFF]|#[^\n]*/y);
    while (this.#at < this.#text.length) {
      const before = this.#at;
      if (this.#take("[")) {
        this.#take("[");
        table = this.#key([]);
        this.#skip(/[\] \t]/y);
      } else {
        this.#pair(table);
      }
      this.#skip(/\s|#[^\n]*/y);
      if (this.#at === before) return;
    }
  }

  #pair(table: readonly string[]): void {
    const path = this.#key(table);
    this.#skip(/[ \t]/y);
    if (this.#take("=")) this.#value(path);
  }

  /** A bare, quoted or dotted key; each of its parts is noted under the path that it leads to. */
  #key(table: readonly string[]): readonly string[] {
    let path = table;
    do {
      this.#skip(/[ \t]/y);
      const start = this.#at;
      const raw = this.#match(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+/y);
      if (raw === undefined) return path;
      path = [...path, keyText(raw)];
      const id = JSON.stringify(path);
      if (!this.#found.has(id)) this.#found.set(id, start);
      this.#skip(/[ \t]/y);
    } while (this.#take("."));
    return path;
  }

  #value(path: readonly string[]): void {
    this.#skip(/[ \t]/y);
    // Up to two quotes of the text itself may stand before the closing three.
    if (this.#match(/"""(?:[^\\]|\\[\s\S])*?""""{0,2}|'''[\s\S]*?''''{0,2}/y) !== undefined) return;
    if (this.#match(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y) !== undefined) return;
    if (this.#take("{")) this.#list("}", () => this.#pair(path));
    else if (this.#take("[")) this.#list("]", (index) => this.#value([...path, String(index)]));
    else this.#match(/[^,\]}#\n]*/y);
  }

  #list(close: string, item: (index: number) => void): void {
    for (let index = 0; ; index++) {
      this.#skip(/\s|#[^\n]*/y);
      if (this.#take(close)) return;
      const before = this.#at;
      item(index);
      this.#skip(/\s|#[^\n]*/y);
      this.#take(",");
      if (this.#at === before) return;
    }
  }

  #take(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skip(sticky: RegExp): void {
    while (this.#match(sticky));
  }
}

/** What a key says once its quotes and escapes are gone, by the parser itself. */
function keyText(raw: string): string {
  try {
    return Object.keys(parse(`${raw} = 0`))[0] ?? raw;
  } catch {
    return raw;
  }
}
