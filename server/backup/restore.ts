// From a backup to a server again. What is copied is not yet a server: it is made one under a name of its own, settled there,
// and gets its two files last, the key behind the database.

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { operatedBy } from "../audit/operator.ts";
import { Failure } from "../failure.ts";
import { checkOwn } from "../identity/data-folder.ts";
import { openServer } from "../identity/open-server.ts";
import { sync, verifyCopy } from "./backup.ts";
import { type Settled, settleRestored } from "./settle-restored.ts";

const files = ["nightlatch.db", "server.key"] as const;
/** Of a restore that is under way, or was cut off. */
const draftName = ".restoring";

/** @throws Failure when `data` is not empty, or `from` is no backup that opens. */
export async function restore(
  from: string,
  data: string,
  operator: string,
  clock: Clock,
  random: Random,
): Promise<Settled> {
  for (const name of files)
    if (!existsSync(join(from, name)))
      throw new Failure("not-found", `${from} is no backup: there is no ${name} in it`);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  checkOwn(data, "folder", `chmod 700 ${data}`);
  const draft = join(data, draftName);
  if (isHalfMoved(data, draft)) rmSync(join(data, "nightlatch.db"));
  const there = readdirSync(data).filter((name) => name !== "lost+found" && name !== draftName);
  if (there[0] !== undefined)
    throw new Failure(
      "exists",
      `${data} is not empty (${there[0]}); a backup is restored to an empty folder`,
    );
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  try {
    for (const name of files) copyFileSync(join(from, name), join(draft, name));
    await verifyCopy(draft, clock, random);
    const settled = await settleIn(draft, operator, clock, random);
    for (const name of files) sync(join(draft, name));
    for (const name of files) renameSync(join(draft, name), join(data, name));
    sync(data);
    return settled;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A restore that was cut off when the database had its place and the key had not: it is still in the draft, alone. */
function isHalfMoved(data: string, draft: string): boolean {
  const [database, key] = files;
  return (
    existsSync(join(data, database)) &&
    !existsSync(join(data, key)) &&
    existsSync(join(draft, key)) &&
    !existsSync(join(draft, database))
  );
}

async function settleIn(draft: string, operator: string, clock: Clock, random: Random): Promise<Settled> {
  const server = await openServer(draft, clock, random);
  try {
    const store = operatedBy(server.store, `command line: ${operator}`);
    return await store.write((tx) => settleRestored(tx, server.vault, clock.wallMs()));
  } finally {
    await server.store.close();
  }
}
