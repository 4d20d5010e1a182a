// A copy of the whole server while it runs: key and database of one moment, proven to open before it gets its name.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { type OpenServer, openServer } from "../identity/open-server.ts";
import { checkAll } from "../identity/sealed-rows.ts";

/** A key that is being replaced may be of another moment than the database: the next try meets it after that. */
const mostTries = 3;

/** How many secrets in it were opened. @throws Failure when `to` is there already; Error when no copy opens. */
export async function backUp(server: OpenServer, to: string, clock: Clock, random: Random): Promise<number> {
  const target = resolve(to);
  if (existsSync(target)) throw new Failure("exists", `${to} is there already; give a folder that is not`);
  const draft = join(dirname(target), `.${basename(target)}.${random.bytes(8).toHex()}`);
  for (let tries = 1; ; tries++) {
    try {
      copyInto(draft, server);
      const secrets = await verifyCopy(draft, clock, random);
      sync(join(draft, "nightlatch.db"));
      sync(draft);
      renameSync(draft, target);
      sync(dirname(target));
      return secrets;
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (tries === mostTries || isOfTheSystem(error)) throw error;
    }
  }
}

function copyInto(folder: string, { folder: data, keyFile }: OpenServer): void {
  mkdirSync(folder, { mode: 0o700 });
  keyFile.follow();
  create(join(folder, "server.key"), Buffer.concat(keyFile.keys));
  const copy = join(folder, "nightlatch.db");
  // Made before SQLite writes to it: nobody else may read it at any moment.
  create(copy, new Uint8Array());
  const database = new DatabaseSync(data.databaseFile, { readOnly: true, timeout: 10_000 });
  try {
    database.prepare("VACUUM INTO ?").run(copy);
  } finally {
    database.close();
  }
}

/** Opens it as a server does, and every secret in it. @throws Error, Failure */
export async function verifyCopy(folder: string, clock: Clock, random: Random): Promise<number> {
  const database = new DatabaseSync(join(folder, "nightlatch.db"), { readOnly: true });
  try {
    const [found] = database.prepare("PRAGMA integrity_check").all();
    if (found?.["integrity_check"] !== "ok")
      throw new Failure("invalid", `${folder}: the database is damaged`);
  } finally {
    database.close();
  }
  const copy = await openServer(folder, clock, random);
  try {
    return await checkAll(copy.store, copy.vault);
  } finally {
    await copy.store.close();
  }
}

function create(path: string, content: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Of a file, or of what a folder has by which name. */
export function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

/** A full disk or a missing folder is no better the next time. */
function isOfTheSystem(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === "string";
}
