// What can be said about the tree without running it.

import { existsSync, readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { type Command, check, root } from "./command.ts";
import { type Counts, nothing, sum } from "./counts.ts";

/** oxlint looks at nothing without paths, and is content with that: so it gets them all. */
const folders = [
  "words",
  "otp",
  "protocol",
  "platform",
  "toml",
  "agent",
  "server",
  "scripts",
  "test",
  "bench",
];

/** What only a linter that knows types can see; the rest is Biome's. */
const promiseRules = [
  ...["--allow", "all"],
  ...["no-floating-promises", "no-misused-promises", "await-thenable", "no-unsafe-finally"].flatMap(
    (rule) => ["--deny", rule],
  ),
];

/** Every file that says in its first line that a shell runs it. */
async function shellScripts(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pattern of [".ci/*", "scripts/**/*", "test/**/*", "packaging/**/*", "bench/*"]) {
    for await (const entry of glob(pattern, { cwd: root, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && /^#!.*\b(ba)?sh\n/.test(readFileSync(path, "utf8").slice(0, 80)))
        found.push(path);
    }
  }
  return found;
}

export async function staticTier(): Promise<Counts> {
  const present = folders.filter((folder) => existsSync(join(root, folder)));
  const commands: readonly Command[] = [
    { says: "format (biome)", run: ["biome", "format", "."] },
    { says: "lint (biome)", run: ["biome", "lint", "--error-on-warnings", "."] },
    { says: "promises (oxlint, by types)", run: ["oxlint", "--type-aware", ...promiseRules, ...present] },
    { says: "types (tsc)", run: ["tsc", "--noEmit"] },
    { says: "no dead code (knip)", run: ["knip", "--no-progress"] },
    { says: "shell scripts (shellcheck)", run: ["shellcheck", ...(await shellScripts())] },
  ];
  let counts = nothing;
  for (const command of commands) counts = sum(counts, await check(command));
  return counts;
}
