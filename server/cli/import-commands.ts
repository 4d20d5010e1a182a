import type { Command } from "commander";
import type { CommandParts } from "./command-parts.ts";
import { addCsvImport } from "./import-csv.ts";
import { addSqlImport } from "./import-sql.ts";

export function addImportCommands(program: Command, parts: CommandParts): void {
  const group = program.command("import").description("many users at once, from elsewhere");
  addCsvImport(group, parts);
  addSqlImport(group, parts);
}
