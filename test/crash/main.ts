// The crash tier: ./scripts/test crash, or crash-short for a sample of it.
//
//   main.ts [--short] [--json FILE] [--only TEXT] [--most N]
//
// --only: the rows of the table that have this text. --most: so many points of each, evenly over all.
//
// Prints what was found for each operation under each fault, and ends with 1 when anything was.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Result, table } from "./findings.ts";
import { onFullDisk, onReadOnlyDisk, SmallDisk } from "./full-disk.ts";
import { type Part, plan } from "./plan.ts";
import { signIns } from "./sign-ins.ts";
import { Site } from "./site.ts";
import { buildTemplate, type Template } from "./template.ts";

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string", default: "" },
    most: { type: "string", default: "Infinity" },
  },
});

/** The long form is not done with less. */
const leastKills = 1_000;

const begun = performance.now();
let points = 0;

function progress(): void {
  points += 1;
  if (points % 100 === 0)
    console.log(`  ${points} points, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}

async function work(site: Site, parts: Part[], mine: (part: Part) => boolean): Promise<void> {
  for (;;) {
    const index = parts.findIndex(mine);
    const [part] = index < 0 ? [] : parts.splice(index, 1);
    if (part === undefined) return;
    await part.run(site, options.short ? (part.short ?? 0) : Number(options.most), progress);
    if (part.online) await site.stopServer();
    for (const { point, finding } of part.result.findings)
      console.log(
        `  ${part.result.operation}, ${part.result.fault}: ${finding.found}: ${finding.detail}\n    ${point}`,
      );
  }
}

async function realDisks(template: Template): Promise<readonly Result[]> {
  const disk = await SmallDisk.make(template, "small-disk");
  const result = (fault: string): Result => ({
    operation: "sign-ins",
    fault,
    points: 0,
    kills: false,
    findings: [],
  });
  const full = result("full disk");
  const readOnly = result("read-only disk");
  try {
    for (const operation of signIns.filter(({ hears }) => hears === undefined)) {
      for (let pages = 0; pages < (options.short ? 1 : 5); pages++) {
        await onFullDisk(disk, operation, pages, full);
        progress();
      }
      await onReadOnlyDisk(disk, operation, readOnly);
      progress();
    }
  } finally {
    await disk.leave();
  }
  return [full, readOnly];
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-crash-"));
  try {
    const template = await buildTemplate(folder);
    const all = plan()
      .filter((part) => !options.short || part.short !== undefined)
      .filter(({ result: { operation, fault } }) => `${operation}, ${fault}`.includes(options.only));
    const waiting = [...all];
    // One server at a time, as the machine knows it by its port; the other site is offline.
    const sites = [new Site(template, "one"), new Site(template, "two")] as const;
    try {
      await Promise.all([
        work(sites[0], waiting, ({ online }) => online).then(() => work(sites[0], waiting, () => true)),
        work(sites[1], waiting, ({ online }) => !online),
      ]);
    } finally {
      for (const site of sites) await site.leave();
    }
    const disks = options.only === "" ? await realDisks(template) : [];
    return report([...all.map(({ result }) => result), ...disks]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(results: readonly Result[]): number {
  const found = results.reduce((sum, { findings }) => sum + findings.length, 0);
  const kills = results.filter((result) => result.kills).reduce((sum, result) => sum + result.points, 0);
  const all = results.reduce((sum, result) => sum + result.points, 0);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`\n${table(results)}\n`);
  console.log(`${kills} kills and ${all - kills} other crashes in ${seconds} s, ${found} findings`);
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ kills, points: all, seconds, found, results }, undefined, 2)}\n`,
    );
  const whole = !options.short && options.only === "" && options.most === "Infinity";
  const few = whole && kills < leastKills;
  if (few) console.log(`fewer than ${leastKills} kills`);
  return found > 0 || few || results.some((result) => result.points === 0) ? 1 : 0;
}

process.exitCode = await main();
