// Bytes of a file to text, piece by piece. Nothing is guessed: what is not UTF-8 is refused at its line.

import { Failure } from "../failure.ts";

const newline = 0x0a;

/**
 * UTF-8, without a byte order mark; every end of a line comes out as one `\n`.
 * @throws Failure with the line of the first bytes that are not UTF-8.
 */
export async function* readText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let first = true;
  let heldReturn = false;
  /** The beginning of the line that the next piece goes on with. */
  let begun: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    if (first) refuseWide(chunk);
    first = false;
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      throw notUtf8(line + linesBeforeFault(Buffer.concat([begun, chunk])));
    }
    line += count(chunk);
    const end = chunk.lastIndexOf(newline);
    begun = end === -1 ? Buffer.concat([begun, chunk]) : chunk.subarray(end + 1);
    if (heldReturn) text = `\r${text}`;
    heldReturn = text.endsWith("\r");
    if (heldReturn) text = text.slice(0, -1);
    if (text.includes("\0")) throw new Failure("invalid", "the file has zero bytes: it is no text in UTF-8");
    yield text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
  }
  try {
    decoder.decode();
  } catch {
    throw notUtf8(line);
  }
  if (heldReturn) yield "\n";
}

function refuseWide(chunk: Uint8Array): void {
  const [a, b] = chunk;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    throw new Failure("invalid", "the file is UTF-16; save it as UTF-8, or: iconv -f UTF-16 -t UTF-8");
}

/** The pieces begin with a line: each line can be looked at by itself. */
function linesBeforeFault(pieces: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let lines = 0;
  let from = 0;
  for (;;) {
    const at = pieces.indexOf(newline, from);
    if (at === -1) return lines;
    try {
      decoder.decode(pieces.subarray(from, at));
    } catch {
      return lines;
    }
    from = at + 1;
    lines += 1;
  }
}

function count(chunk: Uint8Array): number {
  let lines = 0;
  for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1;
  return lines;
}

function notUtf8(line: number): Failure {
  return new Failure(
    "invalid",
    `line ${line} is not UTF-8; convert the file, such as with: iconv -f WINDOWS-1252 -t UTF-8`,
  );
}
