// Lists as CSV (RFC 4180), for spreadsheets, sent as they are read.

export type Cell = string | number | null;

/** Full-width, small and mathematical ones too: spreadsheets of some languages read them as the usual signs. */
const signs = "=+\\-@|%＝＋－＠｜％﹦﹢﹣﹫﹪−";

/** What a spreadsheet would take for a formula, with any apostrophes in front. */
const formula = new RegExp(`^'*[\\s\\p{Cc}\\p{Cf}]*[${signs}\\t\\r\\n]`, "u");

/**
 * What a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236), and so does what looks like one that
 * has got it: `readCell` takes one away again. Names come from people and machines; numbers of ours are no such text.
 */
export function csvLine(cells: readonly Cell[]): string {
  const written = cells.map((cell) => {
    if (typeof cell === "number") return String(cell);
    const text = cell ?? "";
    const safe = formula.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  });
  return `${written.join(",")}\r\n`;
}

/** The text that `csvLine` was given. */
export function readCell(text: string): string {
  return text.startsWith("'") && formula.test(text.slice(1)) ? text.slice(1) : text;
}

/** The byte order mark tells spreadsheets that it is UTF-8. */
export async function* csvOf<T>(
  heads: readonly string[],
  rows: AsyncIterable<T>,
  cellsOf: (row: T) => readonly Cell[],
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`\uFEFF${csvLine(heads)}`, "utf8");
  let held = "";
  for await (const row of rows) {
    held += csvLine(cellsOf(row));
    if (held.length < 32_768) continue;
    yield Buffer.from(held, "utf8");
    held = "";
  }
  if (held !== "") yield Buffer.from(held, "utf8");
}
