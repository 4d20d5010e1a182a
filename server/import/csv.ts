// A CSV file, RFC 4180, as a source of records.

import { type CsvError, parse } from "csv-parse";
import { Failure } from "../failure.ts";
import { readCell } from "../report/csv.ts";
import { type ColumnMap, type Columns, columnsOf } from "./columns.ts";
import type { Cells, Source } from "./record.ts";
import { readText } from "./text.ts";

/** A record that is longer has a quote that is not closed. */
const mostRecordBytes = 65_536;

export interface CsvShape {
  readonly delimiter: string;
  readonly map: ColumnMap;
}

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

export interface CsvFile {
  /** What the first line says of the columns. */
  readonly columns: Columns;
  readonly records: Source;
}

/**
 * Reads the first line; the rest when `records` is asked.
 * @throws Failure for a file that can't be read as CSV, then or while records are taken. After a quote in the wrong place
 * nobody can say where a record ends, so that is no fault of one line.
 */
export async function openCsv(chunks: AsyncIterable<Uint8Array>, shape: CsvShape): Promise<CsvFile> {
  const parsed = parsedRecords(chunks, shape.delimiter)[Symbol.asyncIterator]();
  const first = await parsed.next();
  if (first.done === true) throw new Failure("invalid", "the file is empty");
  const columns = columnsOf(first.value.record, shape.map);
  return { columns, records: rest(parsed, columns, first.value.record.length) };
}

async function* rest(parsed: AsyncIterator<ParsedRecord>, columns: Columns, width: number): Source {
  for (;;) {
    const next = await parsed.next();
    if (next.done === true) return;
    const { record, info } = next.value;
    const line = info.lines - record.reduce((sum, cell) => sum + newlines(cell), 0);
    if (record.length !== width) {
      yield { line, fault: `has ${record.length} columns where the first line has ${width}` };
      continue;
    }
    const cells: { -readonly [field in keyof Cells]: Cells[field] } = {};
    for (const [field, at] of columns.places) cells[field] = readCell(record[at] ?? "");
    yield { line, cells };
  }
}

async function* parsedRecords(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: string,
): AsyncGenerator<ParsedRecord> {
  let last = 0;
  const parser = parse({
    delimiter,
    info: true,
    on_record: (record, { lines }) => {
      last = lines;
      return record;
    },
    max_record_size: mostRecordBytes,
    record_delimiter: "\n",
    relax_column_count: true,
    skip_empty_lines: true,
    // As spreadsheets leave them behind the last row.
    skip_records_with_empty_values: true,
  });
  const fed = feed(parser, chunks);
  try {
    yield* parser as AsyncIterable<ParsedRecord>;
  } catch (error) {
    parser.destroy();
    throw (await fed) ?? describe(error as CsvError, last);
  }
  const fault = await fed;
  if (fault !== undefined) throw fault;
}

/** What went wrong with the bytes, once all are in. */
async function feed(parser: ReturnType<typeof parse>, chunks: AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    for await (const text of readText(chunks)) {
      if (parser.destroyed) return undefined;
      if (!parser.write(text)) await drained(parser);
    }
    parser.end();
    return undefined;
  } catch (error) {
    parser.destroy(error as Error);
    return error;
  }
}

function drained(parser: ReturnType<typeof parse>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      parser.off("drain", done);
      parser.off("close", done);
      resolve();
    };
    parser.on("drain", done);
    parser.on("close", done);
  });
}

/** Their own messages repeat what stands in the file. */
function describe(error: CsvError, last: number): unknown {
  const { code } = error;
  if (code === "CSV_QUOTE_NOT_CLOSED" || code === "CSV_MAX_RECORD_SIZE")
    return new Failure("invalid", `line ${last + 1}: a quote is not closed`);
  const line = Number(error["lines"] ?? last + 1);
  if (code === "INVALID_OPENING_QUOTE" || code === "CSV_INVALID_CLOSING_QUOTE")
    return new Failure(
      "invalid",
      `line ${line}: a quote inside a cell; put the whole cell in quotes, and write each quote in it twice`,
    );
  return code === undefined ? error : new Failure("invalid", `line ${line} can't be read as CSV (${code})`);
}

function newlines(text: string): number {
  return text.includes("\n") ? text.split("\n").length - 1 : 0;
}
