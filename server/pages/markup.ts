// Markup is made by one function, which escapes everything that is put into it. The same library's `raw` is used nowhere:
// there is nothing to get wrong.

import { html as template } from "hono/html";

/** Text that is markup already. Comes from `html` alone. */
export interface Markup {
  readonly isEscaped: true;
  toString(): string;
}

type Piece = Markup | string | number | null | undefined | false | readonly Piece[];

/** Pieces are escaped, also in attributes, all of which are quoted. Null, undefined and false leave nothing. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  // The library gives a promise only where a piece is one, and none is.
  return template(strings, ...pieces) as Markup;
}
