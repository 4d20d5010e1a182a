// Which column of a source says what.

import { Failure } from "../failure.ts";
import { type Field, fields } from "./record.ts";

/** What each field is called in the source; those not named here have their own names. */
export type ColumnMap = ReadonlyMap<Field, string>;

export interface Columns {
  readonly places: ReadonlyMap<Field, number>;
  /** Columns that nothing is read from. */
  readonly unused: readonly string[];
}

/** `name=Login,groups=Departments`. @throws Failure for a field that is none, or is named twice. */
export function parseColumnMap(text: string): ColumnMap {
  const map = new Map<Field, string>();
  if (text.trim() === "") return map;
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const field = fieldCalled(part.slice(0, Math.max(0, at)));
    const column = part.slice(at + 1).trim();
    if (field === undefined || column === "")
      throw new Failure(
        "invalid",
        `FIELD=COLUMN,… with fields of: ${fields.join(", ")}; the column is called as in the source`,
      );
    if (map.has(field)) throw new Failure("invalid", `the field ${field} is mapped twice`);
    map.set(field, column);
  }
  return map;
}

/** @throws Failure when a column that is needed or was named is not there, or is there twice. */
export function columnsOf(heads: readonly string[], map: ColumnMap): Columns {
  const folded = heads.map(fold);
  const places = new Map<Field, number>();
  for (const field of fields) {
    const wanted = fold(map.get(field) ?? field);
    const at = folded.indexOf(wanted);
    if (at !== -1 && folded.indexOf(wanted, at + 1) !== -1)
      throw new Failure("invalid", `there are two columns for ${field}`);
    if (at !== -1) places.set(field, at);
    else if (map.has(field)) throw new Failure("invalid", `there is no column "${map.get(field)}"`);
  }
  if (!places.has("name"))
    throw new Failure(
      "invalid",
      "there is no column for the users' names: the first line has to say what the columns are, one of them name, or say which it is: --map name=COLUMN (and --delimiter, if columns are not parted by commas)",
    );
  const used = new Set(places.values());
  return { places, unused: heads.filter((_, at) => !used.has(at)) };
}

function fieldCalled(text: string): Field | undefined {
  return fields.find((field) => fold(field) === fold(text));
}

/** `Display Name`, `display_name` and `displayName` are one. */
function fold(text: string): string {
  return text.trim().toLowerCase().replaceAll(/[ _-]/g, "");
}
