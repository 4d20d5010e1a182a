// What earlier runs have left: texts that reach much of a parser, and inputs that once broke something.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "./run.ts";

const here = import.meta.dirname;
const foundFolder = join(here, "found");
/** In the repository: small, by `--keep`. What longer runs found is kept where builds are. */
const kept = join(here, "corpus");
const grown = join(here, "../../build/fuzz");

export function readCorpus(target: string): readonly string[] {
  return [kept, grown].flatMap((folder) => {
    const path = join(folder, `${target}.json`);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as string[]) : [];
  });
}

const mostKept = 150;
const longestKept = 400;

export function writeCorpus(target: string, corpus: readonly string[], forRepository: boolean): void {
  const folder = forRepository ? kept : grown;
  const texts = [...new Set(corpus)].sort((a, b) => a.length - b.length);
  const chosen = forRepository
    ? texts.filter((text) => text.length <= longestKept).slice(0, mostKept)
    : texts;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${target}.json`), `${JSON.stringify(chosen, undefined, 1)}\n`);
}

/** From then on a test of the fast tier. Returns the file's name. */
export function keepFinding(finding: Finding): string {
  const digest = createHash("sha256").update(JSON.stringify(finding.input)).digest("hex").slice(0, 8);
  const name = `${finding.target}-${digest}.json`;
  mkdirSync(foundFolder, { recursive: true });
  const { target, input, said } = finding;
  const [first = ""] = said.split("\n");
  writeFileSync(
    join(foundFolder, name),
    `${JSON.stringify({ target, said: first.slice(0, 200), input }, undefined, 2)}\n`,
  );
  return name;
}

export interface Kept {
  readonly name: string;
  readonly target: string;
  readonly input: unknown;
}

export function readFindings(): readonly Kept[] {
  if (!existsSync(foundFolder)) return [];
  return readdirSync(foundFolder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({
      name,
      ...(JSON.parse(readFileSync(join(foundFolder, name), "utf8")) as Omit<Kept, "name">),
    }));
}
