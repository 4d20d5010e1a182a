// Colour, where there is somebody to see it.

import { styleText } from "node:util";

export type Colour = "red" | "green" | "yellow" | "bold" | "dim";

export type Paint = (colour: Colour, text: string) => string;

/** Only on a terminal, and not against the person's wish: https://no-color.org */
export function painter(
  out: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const plain = out.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return (colour, text) => (plain ? text : styleText(colour, text, { validateStream: false }));
}
