// Statements that exchanges run again and again are planned by PostgreSQL once a connection, under a name.

import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";

/** More than exchanges have: a connection keeps each for as long as it lives. */
const mostNames = 200;
/** What is longer is a list whose length changes. */
const mostCharacters = 2_000;
/** "cached plan must not change result type": a newer program has changed a table meanwhile. */
const outwornPlan = "0A000";

/** The same pool, in whose connections statements with parameters are prepared. */
export function preparing(pool: pg.Pool): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text);
    if (known !== undefined || names.size >= mostNames || text.length > mostCharacters) return known;
    const name = `nl_${names.size}`;
    names.set(text, name);
    return name;
  };
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const known = clients.get(client) ?? preparingClient(client, nameOf);
      clients.set(client, known);
      return known;
    },
  };
}

function preparingClient(
  client: pg.PoolClient,
  nameOf: (text: string) => string | undefined,
): PostgresPoolClient {
  let outworn = false;
  const query = async (text: string, values: readonly unknown[]) => {
    const name = values.length === 0 ? undefined : nameOf(text);
    try {
      return await client.query(
        name === undefined ? { text, values: [...values] } : { name, text, values: [...values] },
      );
    } catch (error) {
      if ((error as { code?: unknown }).code === outwornPlan) outworn = true;
      throw error;
    }
  };
  return {
    // Nobody here asks for a cursor, which is the other way to call it.
    query: query as unknown as PostgresPoolClient["query"],
    // Its next user gets a connection that plans anew.
    release: (destroy) => client.release(destroy === true || outworn),
  };
}
