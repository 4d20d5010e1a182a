// npm run attack: every attack of the threat model that can be run here, on the real programs, as a table.
//
//   --only N      attacks on one promise (1 to 16, or "server")
//   --quick       the subset that CI runs
//   --list        what there is, without running it
//   --json FILE   the results as JSON as well
//
// Exit status 0 only if everything holds. What can't be run is printed with its reason and counted.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { type Group, notRun, type Promised, type Seen } from "./attack.ts";
import { groups } from "./groups.ts";
import { programs } from "./programs.ts";
import { printGroup, printSummary, type Result } from "./table.ts";

/** One attack never takes longer; what does is a fault of its own. */
const patienceMs = 150_000;

async function attempt(run: () => Promise<Seen>): Promise<Seen> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    return { verdict: "BROKEN", seen: `the attack could not be carried out: ${told.slice(0, 400)}` };
  } finally {
    clearTimeout(timer);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const only: Promised | undefined =
    values.only === undefined ? undefined : values.only === "server" ? "server" : Number(values.only);
  const chosen = groups.filter(({ promise }) => only === undefined || promise === only);
  if (chosen.length === 0) {
    console.error(`no attacks on ${values.only}: give 1 to 16, or server`);
    return 2;
  }
  if (values.list) {
    for (const { promise, title, attacks } of chosen)
      for (const { name, quick } of attacks)
        console.log(`${String(promise).padStart(6)}  ${title}: ${name}${quick ? "  (quick)" : ""}`);
    return 0;
  }
  await loadSodium();
  const wanted = (attack: Group["attacks"][number]) => !values.quick || attack.quick;
  const total = chosen.flatMap(({ attacks }) => attacks.filter(wanted)).length;
  console.log(`attack: ${total} attacks on ${programs.what}`);
  const begun = performance.now();
  const results: Result[] = [];
  for (const group of chosen) {
    const mine: Result[] = [];
    const attacks = group.attacks.filter(wanted);
    for (const { name, expected, run } of attacks) {
      const from = performance.now();
      const seen = await attempt(run);
      const tookMs = Math.round(performance.now() - from);
      mine.push({ promise: group.promise, title: group.title, attack: name, expected, ...seen, tookMs });
      const at = `[${results.length + mine.length}/${total}]`;
      console.error(`${at} ${group.promise}: ${name}: ${seen.verdict} (${(tookMs / 1000).toFixed(1)} s)`);
    }
    await group.close().catch((error: unknown) => console.error(`clearing up: ${String(error)}`));
    results.push(...mine);
    printGroup(mine);
  }
  const tookS = Math.round((performance.now() - begun) / 1000);
  const ok = printSummary(results, tookS);
  if (values.json !== undefined) {
    const report = { programs: programs.what, quick: values.quick, tookS, ok, results };
    writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  return ok ? 0 : 1;
}

if (process.getuid?.() !== 0) {
  // Only root may begin a sign-in for others, mount and change accounts.
  console.error(`attack: ${notRun("needs root").seen}; scripts/attack asks sudo for it`);
  process.exit(2);
}
process.exit(await main());
