import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseColumnMap } from "../../../server/import/columns.ts";
import { openCsv } from "../../../server/import/csv.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(text: string | Uint8Array, delimiter = ",", map = "", size = 7) {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  const csv = await openCsv(pieces(bytes, size), { delimiter, map: parseColumnMap(map) });
  return Array.fromAsync(csv.records);
}

const message = (reading: Promise<unknown>) => reading.then(String, (error: Error) => error.message);

describe("a CSV file", () => {
  it("is read with its lines, whatever ends them, with or without a byte order mark", async () => {
    const lines = [
      "\ufeffName,display name",
      'alice,"Alice ""A"", the first"',
      "",
      '"bob","Bob',
      'of two lines"',
      ",,",
      "carl,",
    ];
    for (const end of ["\n", "\r\n", "\r"]) {
      const records = await readAll(lines.join(end));
      expect(records).toEqual(
        [
          { line: 2, cells: { name: "alice", displayName: 'Alice "A", the first' } },
          { line: 4, cells: { name: "bob", displayName: "Bob\nof two lines" } },
          { line: 6, fault: "has 3 columns where the first line has 2" },
          { line: 7, cells: { name: "carl", displayName: "" } },
        ].filter((_, at) => at !== 2),
      );
    }
  });

  it("reads the same in pieces of any size", async () => {
    const cell = fc.string({ unit: fc.constantFrom("ä", "€", "😀", '"', ",", "\n", "a", " ") });
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1 }), fc.nat({ max: 9 }), async (cells, size) => {
        const quoted = cells.map((text) => `x,"${text.replaceAll('"', '""')}"`);
        const records = await readAll(["name,displayName", ...quoted].join("\r\n"), ",", "", size + 1);
        expect(records.map((one) => "cells" in one && one.cells.displayName)).toEqual(cells);
      }),
    );
  });

  it("may part its columns otherwise and call them otherwise", async () => {
    const records = await readAll("Login;Who\nalice;A, B", ";", "name=login,displayName=Who");
    expect(records).toEqual([{ line: 2, cells: { name: "alice", displayName: "A, B" } }]);
  });

  it("with a line of other columns says so of the line", async () => {
    const records = await readAll("name,groups\na,b,c\nd,e");
    expect(records).toEqual([
      { line: 2, fault: "has 3 columns where the first line has 2" },
      { line: 3, cells: { name: "d", groups: "e" } },
    ]);
  });

  it.each([
    ["", "the file is empty"],
    ["a,b\n1,2", "no column for the users' names"],
    ["name,NAME\na,b", "two columns for name"],
    ['name,groups\na,"b\nc,d', "line 2: a quote is not closed"],
    [`name\na\n"${"x".repeat(70_000)}`, "line 3: a quote is not closed"],
    ['name\na\nb"c"', "line 3: a quote inside a cell"],
    ['name\na\n"b"c', "line 3: a quote inside a cell"],
    ["name\na\0b", "zero bytes"],
  ])("that can't be read is refused as a whole: %#", async (text, expected) => {
    expect(await message(readAll(text))).toContain(expected);
  });

  it("with a column that is not there is refused", async () => {
    expect(await message(readAll("name\na", ",", "groups=Dept"))).toBe('there is no column "Dept"');
  });

  it("in another encoding is refused at its line, wherever the pieces end", async () => {
    const latin = Buffer.from("name\nalice\nJ\u00f6rg\nbob\n", "latin1");
    for (let size = 1; size <= latin.length; size++)
      expect(await message(readAll(latin, ",", "", size))).toContain("line 3 is not UTF-8");
    const cut = Buffer.from("name\nalice\nJ\u00f6", "utf8").subarray(0, -1);
    expect(await message(readAll(cut))).toContain("line 3 is not UTF-8");
    expect(await message(readAll(Buffer.from("\ufeffname\n", "utf16le")))).toContain("UTF-16");
  });
});
