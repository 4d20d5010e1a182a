// What a message says, as plain text and as simple HTML: made together of the same blocks, so that they can't differ.

import { harmless } from "../../words/harmless.ts";

export interface Letter {
  readonly subject: string;
  readonly text: string;
  /** Empty for what goes out as a text message. */
  readonly html: string;
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  /** To be read off and typed. */
  | { readonly kind: "code"; readonly text: string }
  | {
      readonly kind: "table";
      readonly heads: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export function writeLetter(subject: string, language: string, blocks: readonly Block[]): Letter {
  return {
    subject: oneLine(subject),
    text: `${blocks.map(asText).join("\n\n")}\n`,
    html: `<!DOCTYPE html>\n<html lang="${language}"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head><body>\n${blocks.map(asHtml).join("\n")}\n</body></html>\n`,
  };
}

function asText(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return oneLine(block.text);
    case "code":
      return `    ${oneLine(block.text)}`;
    case "table":
      return [block.heads, ...block.rows].map((row) => row.map(oneLine).join("  |  ")).join("\n");
  }
}

function asHtml(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${escaped(block.text)}</p>`;
    case "code":
      return `<p><strong><code>${escaped(block.text)}</code></strong></p>`;
    case "table": {
      const line = (tag: string, cells: readonly string[]) =>
        `<tr>${cells.map((cell) => `<${tag} align="left">${escaped(cell)}</${tag}>`).join("")}</tr>`;
      const rows = block.rows.map((row) => line("td", row)).join("");
      return `<table>${line("th", block.heads)}${rows}</table>`;
    }
  }
}

/** Names of machines and users are others' text: no line of theirs begins, and nothing of theirs turns the reading. */
function oneLine(text: string): string {
  return harmless(text);
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return oneLine(text).replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");
}
