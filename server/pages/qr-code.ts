// A QR code as a picture within the page.

import { encode } from "uqr";
import { html, type Markup } from "./markup.ts";

/** Black on white in either colour scheme: many readers don't take it the other way round. */
export function qrCode(text: string, label: string): Markup {
  const { data, size } = encode(text, { border: 3 });
  const path = data.flatMap((row, y) =>
    runsOf(row).map(([x, length]) => `M${x},${y}h${length}v1h-${length}z`),
  );
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"/><path fill="#000" d="${path.join("")}"/></svg>`;
}

/** Where the dark runs of a row begin, and how long they are. */
function runsOf(row: readonly boolean[]): [number, number][] {
  const text = row.map((dark) => (dark ? "#" : " ")).join("");
  return [...text.matchAll(/#+/g)].map((run) => [run.index, run[0].length]);
}
