// scripts/fuzz: every target for its share of the time. Ends with 1 when something was found; each finding is printed with
// its seed and its smallest input, and kept as a test.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { keepFinding, readCorpus, writeCorpus } from "./kept.ts";
import { type Finding, run } from "./run.ts";
import type { AnyTarget } from "./target.ts";
import { targets } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const pam = { name: "pam", what: "the PAM module, by libFuzzer under ASan and UBSan" };

interface Result {
  readonly target: string;
  readonly inputs: number | null;
  readonly seconds: number;
  readonly blocks: number | null;
  readonly seed: number;
  readonly finding: (Finding & { readonly file: string }) | null;
}

/** A line that is written over, on a terminal only. */
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

async function fuzz(target: AnyTarget, seconds: number, seed: number, keep: boolean): Promise<Result> {
  const begun = performance.now();
  const ran = await run(target, {
    seed,
    untilMs: begun + seconds * 1000,
    corpus: readCorpus(target.name),
    progress: (inputs, blocks) => {
      const left = Math.max(0, seconds - (performance.now() - begun) / 1000);
      progress(
        `${target.name}: ${inputs} inputs${blocks === 0 ? "" : `, ${blocks} blocks`}, ${left.toFixed(0)} s left`,
      );
    },
  });
  progress("");
  if (target.grows !== undefined) writeCorpus(target.name, ran.corpus, keep);
  return {
    target: target.name,
    inputs: ran.inputs,
    seconds: (performance.now() - begun) / 1000,
    blocks: target.grows === undefined ? null : ran.blocks,
    seed,
    finding: ran.finding === undefined ? null : { ...ran.finding, file: keepFinding(ran.finding) },
  };
}

function fuzzPam(seconds: number, seed: number): Result {
  progress(`pam: ${seconds} s`);
  const each = String(Math.max(1, Math.round(seconds / 2)));
  const { status, stderr, stdout } = spawnSync(join(root, "scripts/pam/fuzz"), [each], {
    cwd: root,
    encoding: "utf8",
  });
  progress("");
  const inputs = [...stdout.matchAll(/: (\d+) inputs/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  const file = "build/pam-fuzz";
  const finding =
    status === 0
      ? null
      : { target: "pam", seed, input: null, said: stderr || stdout || "it did not start", file };
  return { target: "pam", inputs, seconds, blocks: null, seed, finding };
}

function tell({ target, inputs, seconds, blocks, finding }: Result): void {
  const reached = blocks === null ? "" : `, ${blocks} blocks of code and counts`;
  console.log(
    `  ${finding === null ? "ok    " : "FOUND "} ${target.padEnd(15)} ${inputs} inputs in ${seconds.toFixed(1)} s${reached}`,
  );
  if (finding === null) return;
  console.log(
    `\n${finding.said}\n\nseed ${finding.seed}, smallest input:\n${JSON.stringify(finding.input, undefined, 1)}`,
  );
  console.log(`kept in ${finding.file.startsWith("build/") ? "" : "test/fuzz/found/"}${finding.file}\n`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      list: { type: "boolean", default: false },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  const all = [...targets, pam];
  const minutes = Number(positionals[0]);
  // It is compiled first: not worth it for less than a minute.
  const briefly = values.only === undefined && !values.list && minutes < 1;
  const chosen = (briefly ? targets : all).filter(
    ({ name }) => values.only === undefined || name === values.only,
  );
  if (chosen.length === 0)
    return usage(`no target ${values.only}; there are ${all.map(({ name }) => name).join(", ")}`);
  if (values.list) {
    for (const { name, what } of chosen)
      console.log(values.json ? JSON.stringify({ name, what }) : `${name.padEnd(16)}${what}`);
    return 0;
  }
  if (positionals.length !== 1 || !(minutes > 0 && minutes <= 10_000))
    return usage("say for how many minutes: scripts/fuzz 15");
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31)
    return usage("a seed is a whole number below 2147483648");
  await loadSodium();
  const seconds = (minutes * 60) / chosen.length;
  if (!values.json) console.log(`fuzz: ${chosen.length} targets, ${seconds.toFixed(1)} s each, seed ${seed}`);
  const results: Result[] = [];
  for (const target of chosen) {
    const result = "open" in target ? await fuzz(target, seconds, seed, values.keep) : fuzzPam(seconds, seed);
    results.push(result);
    if (!values.json) tell(result);
  }
  const found = results.filter(({ finding }) => finding !== null).length;
  const inputs = results.reduce((sum, result) => sum + (result.inputs ?? 0), 0);
  const total = results.reduce((sum, result) => sum + result.seconds, 0);
  if (values.json)
    console.log(JSON.stringify({ seed, inputs, seconds: total, found, results }, undefined, 2));
  else
    console.log(
      `fuzz: ${inputs} inputs in ${total.toFixed(0)} s; ${found === 0 ? "nothing found" : `${found} found`}`,
    );
  return found === 0 ? 0 : 1;
}

function usage(message: string): number {
  console.error(`fuzz: ${message}`);
  return 2;
}

process.exitCode = await main();
