// Users out of somebody else's database: `import sql --from postgres://… --query "select …"`.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { parseColumnMap } from "../import/columns.ts";
import { readSqlAddress } from "../import/sql/address.ts";
import { openSql } from "../import/sql/rows.ts";
import { type CommandParts, withServer } from "./command-parts.ts";
import { type ImportOptions, runImport, withImportOptions } from "./import-run.ts";
import { plain, UsageError } from "./terminal.ts";

interface SqlOptions extends ImportOptions {
  from: string;
  query?: string;
  queryFile?: string;
  passwordFile?: string;
  caFile?: string;
  plainText?: boolean;
  drivers?: string;
}

const help = `
The columns of the answer are called as in \`import users --help\`, by "as" in the query or by --map.
In what is reported, a line is a row of the answer.

The password: --password-file, or the environment variable NIGHTLATCH_IMPORT_PASSWORD.
To another host the way has TLS and the certificate is checked.

Example: import sql --from postgres://reader@hr.corp.example/people --password-file hr.password \\
  --query "select login as name, full_name as \\"displayName\\", not active as disabled from staff" --dry-run`;

export function addSqlImport(group: Command, parts: CommandParts): void {
  withImportOptions(
    group
      .command("sql")
      .description("from the answer of a database: PostgreSQL, MySQL, MariaDB, SQL Server, Oracle"),
  )
    .requiredOption(
      "--from <url>",
      "KIND://USER@HOST:PORT/DATABASE; KIND is postgres, mysql, mssql or oracle",
    )
    .option("--query <sql>", "one statement that only reads")
    .option("--query-file <file>", "the same, from a file")
    .option("--password-file <file>", "the password, in a file that nobody else can read")
    .option("--ca-file <file>", "the CA of the database's certificate, PEM, in place of the system's")
    .option("--plain-text", "to another host without TLS: everybody on the way can read and change the rows")
    .option("--drivers <dir>", "where the packages for SQL Server and Oracle are installed")
    .addHelpText("after", help)
    .action(async (given: SqlOptions, command: Command) => {
      const query = given.queryFile === undefined ? given.query : readFileSync(given.queryFile, "utf8");
      if (query === undefined || (given.query !== undefined && given.queryFile !== undefined))
        throw new UsageError("say what to ask for: --query SQL or --query-file FILE");
      const map = parseColumnMap(given.map);
      const address = readSqlAddress({
        url: given.from,
        password: parts.environment["NIGHTLATCH_IMPORT_PASSWORD"],
        passwordFile: given.passwordFile,
        caFile: given.caFile,
        plainText: given.plainText === true,
      });
      await withServer(command, parts, async (server, options) => {
        const answer = await openSql(address, query.trim().replace(/;$/, ""), map, given.drivers);
        try {
          if (answer.columns.unused.length > 0)
            parts.terminal.err(`columns not used: ${plain(answer.columns.unused.join(", "))}\n`);
          const from = `${address.kind} at ${address.host}`;
          await runImport(parts, server, options, given, { source: answer.records, from }, () => undefined);
        } finally {
          await answer.close();
        }
      });
    });
}
