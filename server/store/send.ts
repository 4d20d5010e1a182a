// Statements whose result nobody reads.

import type { Compilable, CompiledQuery } from "kysely";
import type { Tx } from "./store.ts";

const unread = new WeakSet<CompiledQuery>();

/**
 * Has a statement carried out in its turn, before whatever comes after it. A database over a connection need not have answered
 * when this resolves: the commit then waits for it, and fails with it.
 */
export async function send(tx: Tx, statement: Compilable): Promise<void> {
  const compiled = statement.compile();
  unread.add(compiled);
  await tx.executeQuery(compiled);
}

/** Whether it came by `send`. */
export function isUnread(compiled: CompiledQuery): boolean {
  return unread.has(compiled);
}
