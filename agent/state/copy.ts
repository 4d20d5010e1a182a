// The same state under other keys: every row sealed anew, in a database of its own. What has happened is what it was: the
// chain of events, the numbers of requests and the time go on.

import type { Standing } from "../policy/standing.ts";
import { eventRowId } from "./outbox.ts";
import { RowNames, userRowId } from "./row-names.ts";
import { Rows } from "./rows.ts";
import { sealRecord } from "./seal.ts";
import type { Store, StoreParts } from "./store.ts";

interface Content {
  readonly table: string;
  readonly id: string;
  readonly content: unknown;
}

/** Durable when it returns, with nothing left in SQLite's log. `standings` take the place of those in `from`. */
export function copyState(from: Store, path: string, to: StoreParts, standings: readonly Standing[]): void {
  const { keys, random, counter } = to;
  const generation = from.head.generation + 1;
  const lasting = [...recordsOf(from, to), ...standings.flatMap((one) => standingRecords(one, to))];
  const names = new RowNames(
    keys.digest,
    lasting.map(({ table, id }) => ({ table, id, generation })),
  );
  const head = { ...from.head, generation, digest: names.digest(), spends: counter?.read() ?? null };
  const { sentThrough, sequence } = from.head.events;
  const events = from
    .eventLines(sequence - sentThrough)
    .map((line, at): Content => ({ table: "event", id: eventRowId(sentThrough + 1 + at), content: line }));
  const all = [...lasting, ...events, { table: "head", id: "head", content: head }];
  const rows = Rows.create(path);
  try {
    rows.write(
      all.map(({ table, id, content }) => {
        const name = { table, id, generation };
        return { ...name, sealed: sealRecord(keys.record, name, content, random) };
      }),
      [],
      false,
    );
  } finally {
    rows.close();
  }
}

function recordsOf(from: Store, { keys }: StoreParts): Content[] {
  const policy = from.machinePolicy();
  return [
    { table: "server", id: "server", content: from.server() },
    ...(policy === undefined ? [] : [{ table: "machine-policy", id: "machine-policy", content: policy }]),
    ...from.tombstones().map((one) => ({ table: "tombstone", id: userRowId(keys, one.user), content: one })),
  ];
}

function standingRecords({ bundle, ...standing }: Standing, { keys }: StoreParts): Content[] {
  const id = userRowId(keys, standing.user);
  return [
    { table: "standing", id, content: standing },
    { table: "bundle", id, content: bundle },
  ];
}
