// Where SQLite puts what it sets aside for large statements: the names and addresses of an import are among it.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "./fixture.ts";

/** A process of its own, as SQLite asks for the folder once. Prints the open files that have no name any more. */
const sorts = `
  import { readdirSync, readlinkSync } from "node:fs";
  import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, "../../server/store/sqlite.ts"))};
  const database = openSqlite(process.argv[1]);
  database.exec("PRAGMA cache_size = -500");
  const rows = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select hex(randomblob(50)) as row from n order by row";
  database.prepare(rows).iterate().next();
  for (const file of readdirSync("/proc/self/fd")) {
    try {
      const path = readlinkSync("/proc/self/fd/" + file);
      if (path.endsWith(" (deleted)")) console.log(path);
    } catch {}
  }
`;

it("what SQLite sets aside lies in the data folder, in files without a name", () => {
  const folder = temporaryFolder();
  const { SQLITE_TMPDIR: _, ...environment } = process.env;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", sorts];
  const out = execFileSync(process.execPath, [...args, join(folder, "nightlatch.db")], {
    encoding: "utf8",
    env: { ...environment, TMPDIR: "/nowhere" },
  });
  const files = out.trim().split("\n");
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(file.slice(0, folder.length + 1)).toBe(`${folder}/`);
});
