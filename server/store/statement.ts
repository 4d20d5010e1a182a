// Statements of exchanges, built and compiled once: what they say never changes, only what they are run with.

import type { Compilable, CompiledQuery } from "kysely";
import { send } from "./send.ts";
import type { Db, Tx } from "./store.ts";

interface Compiled<R> {
  readonly query: CompiledQuery<R>;
  /** For each parameter of the query: which of the values it is, or undefined for one that `build` itself has written. */
  readonly places: readonly (number | undefined)[];
}

export interface Statement<P extends readonly unknown[], R> {
  rows(db: Db, ...values: P): Promise<R[]>;
  first(db: Db, ...values: P): Promise<R | undefined>;
  /** As `send`: nobody reads what comes of it. */
  send(tx: Tx, ...values: P): Promise<void>;
}

/**
 * `build` is called once for each kind of database, with stand-ins for the values, and may do no more with them than hand them on.
 * One that reckons with them, or leaves one out, throws at its first use.
 */
export function statement<P extends readonly unknown[], R>(
  build: (db: Db, ...values: P) => Compilable<R>,
): Statement<P, R> {
  const known = new Map<unknown, Compiled<R>>();
  const filled = (db: Db, values: P): CompiledQuery<R> => {
    const kind = db.getExecutor().adapter.constructor;
    const { query, places } = known.get(kind) ?? compile(build, db, values.length);
    known.set(kind, { query, places });
    const parameters = places.map((place, at) =>
      place === undefined ? query.parameters[at] : values[place],
    );
    return { ...query, parameters };
  };
  return {
    rows: async (db, ...values) => (await db.executeQuery(filled(db, values))).rows,
    first: async (db, ...values) => (await db.executeQuery(filled(db, values))).rows[0],
    send: (tx, ...values) => send(tx, { compile: () => filled(tx, values) }),
  };
}

function compile<P extends readonly unknown[], R>(
  build: (db: Db, ...values: P) => Compilable<R>,
  db: Db,
  count: number,
): Compiled<R> {
  // Symbols can be neither reckoned with nor made a text of.
  const standIns = Array.from({ length: count }, (_, at) => Symbol(`value ${at}`));
  const query = build(db, ...(standIns as unknown as P)).compile();
  const places = query.parameters.map((parameter) => {
    const at = standIns.indexOf(parameter as symbol);
    return at < 0 ? undefined : at;
  });
  const left = standIns.findIndex((_, at) => !places.includes(at));
  if (left >= 0) throw new Error(`a statement has no place for its value ${left}`);
  return { query, places };
}
