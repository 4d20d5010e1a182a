// Names of accounts and groups: the local files first, then whatever else the system asks (LDAP, SSSD), through getent.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Clock } from "../../words/clock.ts";

export interface Accounts {
  /** The first account of this uid; undefined if there is none, or no answer came in time. */
  nameOf(uid: number): Promise<string | undefined>;
  groupId(name: string): Promise<number | undefined>;
  userId(name: string): Promise<number | undefined>;
}

/** What looks a name up elsewhere: one line of the database, or undefined. */
export type Lookup = (database: "passwd" | "group", key: string) => Promise<string | undefined>;

const knownMs = 300_000;
const unknownMs = 30_000;
const mostKept = 512;
const longestFile = 4_000_000;

/**
 * A name found elsewhere is kept for five minutes, "there is none" for half a minute, so that a directory that hangs
 * is not asked at every connection. In that time a renamed account keeps its old name: accepted, a uid's owner does not change.
 */
export function systemAccounts(
  clock: Clock,
  lookup: Lookup = getent,
  files = { passwd: "/etc/passwd", group: "/etc/group" },
): Accounts {
  const kept = new Map<string, { line: Promise<string | undefined>; untilMs: number }>();

  function elsewhere(database: "passwd" | "group", key: string): Promise<string | undefined> {
    const id = `${database} ${key}`;
    const now = clock.monotonicMs();
    const known = kept.get(id);
    if (known !== undefined && known.untilMs > now) return known.line;
    if (kept.size >= mostKept) kept.clear();
    const line = lookup(database, key);
    const entry = { line, untilMs: now + unknownMs };
    kept.set(id, entry);
    void line.then((found) => {
      if (found !== undefined) entry.untilMs = now + knownMs;
    });
    return line;
  }

  async function find(
    database: "passwd" | "group",
    key: string,
    fits: (fields: readonly string[]) => boolean,
  ): Promise<readonly string[] | undefined> {
    const local = linesOf(files[database])
      .map((line) => line.split(":"))
      .find((fields) => fields.length >= 3 && fields[0] !== "" && fits(fields));
    if (local !== undefined) return local;
    const fields = (await elsewhere(database, key))?.split(":");
    return fields !== undefined && fields.length >= 3 && fields[0] !== "" && fits(fields)
      ? fields
      : undefined;
  }

  return {
    nameOf: async (uid) => (await find("passwd", String(uid), (fields) => fields[2] === String(uid)))?.[0],
    groupId: async (name) => id((await find("group", name, (fields) => fields[0] === name))?.[2]),
    userId: async (name) => id((await find("passwd", name, (fields) => fields[0] === name))?.[2]),
  };
}

function id(field: string | undefined): number | undefined {
  return field !== undefined && /^\d{1,10}$/.test(field) ? Number(field) : undefined;
}

/** Read anew each time: local accounts come and go without telling us, and the file is small. */
function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").slice(0, longestFile).split("\n");
  } catch {
    return [];
  }
}

/** The key follows `--`, since a name could look like an option. */
const getent: Lookup = (database, key) =>
  new Promise((resolve) => {
    execFile(
      "/usr/bin/getent",
      ["--", database, key],
      {
        timeout: 1_000,
        killSignal: "SIGKILL",
        maxBuffer: 65_536,
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      },
      (error, out) => resolve(error === null ? out.split("\n")[0] : undefined),
    );
  });
