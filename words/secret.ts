import { inspect } from "node:util";

/**
 * Bytes or text that must not be printed. Whatever turns it into text (template, JSON, console, log) gets `[secret]`;
 * the content is reached only through `use`. JavaScript can't promise to wipe memory, so this does not.
 */
export class Secret<T extends string | Uint8Array = string> {
  readonly #content: T;

  constructor(content: T) {
    this.#content = content;
  }

  use<R>(fn: (content: T) => R): R {
    return fn(this.#content);
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
