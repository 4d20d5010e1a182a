import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/dialogue/limits.ts";
import { LineReader } from "../../protocol/dialogue/lines.ts";

const most = limits.lineBytes - 1;
const bytes = (text: string) => Buffer.from(text, "latin1");

/** All that comes out of one stream in these chunks. */
function read(...chunks: readonly Uint8Array[]) {
  const reader = new LineReader();
  const lines: string[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const read = reader.push(chunk);
    if (read.ok) lines.push(...read.value);
    else fault ??= read.error;
  }
  return { lines, fault, unfinished: reader.unfinished };
}

describe("bytes to lines", () => {
  test("a line is whole when its newline has come", () => {
    expect(read(bytes("CANCEL"))).toEqual({ lines: [], fault: undefined, unfinished: true });
    expect(read(bytes("CANCEL\n"))).toEqual({ lines: ["CANCEL"], fault: undefined, unfinished: false });
    expect(read(bytes("a\n\nb\nc"))).toEqual({ lines: ["a", "", "b"], fault: undefined, unfinished: true });
    expect(read()).toEqual({ lines: [], fault: undefined, unfinished: false });
  });

  test("4096 bytes with the newline are a line", () => {
    expect(read(bytes(`${"x".repeat(most)}\n`)).lines).toEqual(["x".repeat(most)]);
  });

  test("4096 bytes without a newline are a fault at the last of them, though the newline were to come next", () => {
    expect(read(bytes("x".repeat(most))).fault).toBeUndefined();
    expect(read(bytes("x".repeat(most + 1))).fault).toBe("a line is longer than 4096 bytes");
    expect(read(bytes(`${"x".repeat(most + 1)}\n`)).lines).toEqual([]);
  });

  test("the limit is each line's own", () => {
    expect(read(bytes(`${"x".repeat(most)}\n`.repeat(3))).lines).toHaveLength(3);
    expect(read(bytes(`a\n${"x".repeat(most + 1)}`)).fault).toBeDefined();
  });

  const allowed = (byte: number) => byte >= 0x20 && byte <= 0x7e;

  test.each(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a))(
    "byte %i",
    (byte) => {
      const { lines, fault } = read(Uint8Array.of(0x61, byte, 0x0a));
      if (allowed(byte)) expect(lines).toEqual([`a${String.fromCharCode(byte)}`]);
      else expect({ lines, fault }).toEqual({ lines: [], fault: "a byte outside 0x20 to 0x7E" });
    },
  );

  test("a fault is final: nothing that comes later is read, and the fault is told again", () => {
    const reader = new LineReader();
    const first = reader.push(bytes("a\r\n"));
    expect(first.ok).toBe(false);
    expect(reader.push(bytes("BEGIN 1\n"))).toEqual(first);
    expect(reader.push(bytes("\n"))).toEqual(first);
    expect(reader.push(bytes(""))).toEqual(first);
    expect(reader.unfinished).toBe(false);
  });

  test("a fault takes the whole lines of its chunk with it: after it there is nothing to answer but the fault", () => {
    expect(read(bytes("CANCEL\n\0"))).toMatchObject({ lines: [], fault: "a byte outside 0x20 to 0x7E" });
  });
});

describe("however the bytes are cut into chunks", () => {
  const clean = fc.string({ unit: fc.constantFrom(..."ab %\n"), maxLength: 60 }).map(bytes);
  const anyBytes = fc.oneof(
    clean,
    fc.uint8Array({ maxLength: 60 }),
    fc.nat(3).map((over) => bytes(`${"x".repeat(most - 1 + over)}\nCANCEL\n`)),
  );

  function cut(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
    const edges = [0, ...at.map((edge) => edge % (whole.length + 1)).sort((a, b) => a - b), whole.length];
    return edges.slice(1).map((edge, from) => whole.subarray(edges[from] ?? 0, edge));
  }

  test("the same lines come out, or the same fault", () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(5_000), { maxLength: 8 }), (whole, at) => {
        const atOnce = read(whole);
        const cutUp = read(...cut(whole, at));
        expect(cutUp.fault).toBe(atOnce.fault);
        expect(cutUp.unfinished).toBe(atOnce.unfinished);
        // What came whole before the fault may have been handed out already; never anything else.
        if (atOnce.fault === undefined) expect(cutUp.lines).toEqual(atOnce.lines);
        else
          expect(bytes(cutUp.lines.map((line) => `${line}\n`).join(""))).toEqual(
            Buffer.from(whole).subarray(0, cutUp.lines.join("\n").length + (cutUp.lines.length > 0 ? 1 : 0)),
          );
      }),
      { numRuns: 500 },
    );
  });

  test("byte by byte as well", () => {
    fc.assert(
      fc.property(clean, (whole) => {
        expect(read(...cut(whole, [...whole.keys()]))).toEqual(read(whole));
      }),
    );
  });
});
