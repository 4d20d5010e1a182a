// CSV files of users, from bytes to what an import stages of them.

import fc from "fast-check";
import { Failure } from "../../../server/failure.ts";
import { openCsv } from "../../../server/import/csv.ts";
import { readRecord, type SourceRecord, type UnreadableRecord } from "../../../server/import/record.ts";
import { canary, expectNothingOf, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const heads =
  "name,display name,groups,email,email2,phone,disabled,secret,type,algorithm,digits,period,counter";
const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const bytesOf = (text: string) => Buffer.from(text, "utf8").toString("latin1");
const words = [
  ...[
    ",",
    ",",
    ",",
    ";",
    '"',
    '""',
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "'",
    "=",
    "\0",
    "|",
    "",
    "yes",
    "hotp",
    "8",
  ],
  ...["\u00ff", "\u00c3", "\u00e2\u0082", bytesOf("\ufeff"), bytesOf("ä"), bytesOf("\u202e"), bytesOf("😀")],
  ...[
    "alice",
    "Alice",
    "a@corp.example",
    "+49301234567",
    "name",
    "NAME",
    canary,
    canary,
    secret,
    `${secret}=`,
  ],
  ...[
    `otpauth://totp/${canary}?secret=${secret}`,
    `otpauth://hotp/a?secret=${canary}&digits=9`,
    "otpauth:",
    "%",
  ],
];

interface Input {
  /** One character a byte. */
  readonly text: string;
  readonly delimiter: string;
  readonly pieces: readonly [number, number];
  readonly hex: boolean;
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type Read = readonly (SourceRecord | UnreadableRecord)[] | { readonly refused: string };

async function readAll(bytes: Uint8Array, delimiter: string, size: number): Promise<Read> {
  try {
    const csv = await openCsv(inPieces(bytes, size), { delimiter, map: new Map() });
    return await Array.fromAsync(csv.records);
  } catch (error) {
    expectThat(error instanceof Failure, `not a Failure: ${String(error)}`);
    return { refused: error.message };
  }
}

export const csvFile = target<Input>({
  name: "csv-file",
  what: "CSV files of users",
  inputs: fc.record({
    text: fc
      .tuple(
        fc.constantFrom(
          `${heads}\n`,
          `${heads}\r\n`,
          `${bytesOf("\ufeff")}name\n`,
          "name,secret\n",
          "name;secret\n",
          "",
        ),
        fc.array(
          fc.oneof(
            { weight: 6, arbitrary: fc.constantFrom(...words) },
            fc.string({ unit: "binary-ascii", maxLength: 6 }),
          ),
          {
            maxLength: 60,
          },
        ),
      )
      .map(([head, parts]) => head + parts.join("")),
    delimiter: fc.constantFrom(",", ",", ";", "\t", "|"),
    pieces: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 4_000 })),
    hex: fc.boolean(),
  }),
  open: async () => ({
    async try({ text, delimiter, pieces, hex }) {
      const bytes = Buffer.from(text, "latin1");
      const read = await readAll(bytes, delimiter, pieces[0]);
      const again = await readAll(bytes, delimiter, pieces[1]);
      if ("refused" in read) {
        expectSentence(read.refused);
        expectNothingOf(text, read.refused, "the refusal of a file");
        expectThat("refused" in again, "refused in small pieces, and not in large ones");
        return;
      }
      expectSame(again, read, "in other pieces, it is another file");
      let last = 1;
      for (const record of read) {
        expectThat(record.line > last, `line ${record.line} behind line ${last}`);
        last = record.line;
        const made = readRecord(record, hex ? "hex" : "base32");
        for (const { fault } of made.ok ? [] : made.faults) {
          expectSentence(fault);
          expectNothingOf(text, fault, "a fault");
        }
        if (made.ok) expectThat(made.user.keys.length <= 20, "more authenticators than a user may have");
      }
    },
  }),
});
