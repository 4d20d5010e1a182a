// Builds the three programs for this machine's system: one CommonJS file each, then one executable each in dist/.
// A fourth part, the PAM module, is scripts/pam/build's.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { assetSources } from "../server/pages/asset-sources.ts";

const root = join(import.meta.dirname, "..");
const work = join(root, "build/programs");
const dist = join(root, "dist");

const programs = {
  nightlatchd: "agent/main.ts",
  nightlatch: "agent/cli/main.ts",
  "nightlatch-server": "server/main.ts",
} as const;
type Program = keyof typeof programs;

/** Nobody who may signal the process gets a debugger, nobody who reaches an object's prototype gets code. */
const hardening = ["--disable-sigusr1", "--disable-proto=delete", "--disallow-code-generation-from-strings"];
/** What a small daemon needs: the default young generation and thread pool cost about 30 MB of resident memory. */
const small = ["--max-semi-space-size=1", "--v8-pool-size=0"];
/** Under load V8 would let garbage grow to the double of what is in use; a third more is collected, for up to a tenth more time. */
const frugal = ["--max-semi-space-size=8", "--heap-growing-percent=30"];
/**
 * Warnings are for who develops: node:ffi is "experimental" and a driver's way to ~/.pgpass "deprecated", and neither can
 * change under us, because runtime and libraries are pinned and shipped. Standard error is for JSON lines.
 */
const quiet = ["--disable-warning=ExperimentalWarning", "--disable-warning=DeprecationWarning"];
/** V8 refuses a code cache made under other flags, so the same go to the build. */
const flagsOf: Readonly<Record<Program, readonly string[]>> = {
  nightlatchd: [...hardening, ...small, ...quiet],
  nightlatch: [...hardening, ...small, ...quiet],
  "nightlatch-server": [...hardening, ...frugal, ...quiet],
};

/** What a program reads out of itself, by name. */
const assetsOf: Readonly<Partial<Record<Program, Readonly<Record<string, string>>>>> = {
  "nightlatch-server": Object.fromEntries(
    Object.entries(assetSources).map(([asset, { file }]) => [asset, join(root, file)]),
  ),
};

async function bundle(name: Program): Promise<string> {
  const file = join(work, `${name}.cjs`);
  const bundled = await rolldown({
    input: join(root, programs[name]),
    platform: "node",
    // Only what Node brings may stay outside: an executable has no node_modules beside it.
    external: /^node:/,
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    onLog(level, log, report) {
      report(log.code === "UNRESOLVED_IMPORT" ? "error" : level, log);
    },
  });
  await bundled.write({ file, format: "cjs", minify: true, codeSplitting: false });
  await bundled.close();
  return file;
}

/** Node without its symbols: a third smaller, and nothing at run time reads them. */
function runtime(): string {
  const stripped = join(work, "node");
  copyFileSync(process.execPath, stripped);
  execFileSync("strip", ["--strip-unneeded", stripped]);
  return stripped;
}

function seal(name: Program, main: string, executable: string): string {
  const output = join(dist, name);
  const config = join(work, `${name}.json`);
  const settings = {
    main,
    output,
    executable,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    useSnapshot: false,
    execArgv: flagsOf[name],
    assets: assetsOf[name] ?? {},
    // Neither the environment nor the command line adds flags to a program that decides who comes in.
    execArgvExtension: "none",
  };
  // One that is running keeps its file; the new one is another.
  rmSync(output, { force: true });
  writeFileSync(config, `${JSON.stringify(settings, undefined, 2)}\n`);
  execFileSync(executable, [...flagsOf[name], "--build-sea", config], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return output;
}

/** Runs outside the checkout, so that nothing of it can be leaned on by accident. */
function checkThatItRuns(name: Program, file: string): void {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const said = execFileSync(file, ["--version"], { cwd: "/", encoding: "utf8" });
  if (!said.includes(version))
    throw new Error(`${name} --version says ${JSON.stringify(said)}, not ${version}`);
  if (!execFileSync(file, ["--help"], { cwd: "/", encoding: "utf8" }).includes(name)) {
    throw new Error(`${name} --help does not name it`);
  }
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
mkdirSync(dist, { recursive: true });
const executable = runtime();
for (const name of Object.keys(programs) as Program[]) {
  const main = await bundle(name);
  const file = seal(name, main, executable);
  checkThatItRuns(name, file);
  const megabytes = (statSync(file).size / 1e6).toFixed(0);
  console.log(`${file}: ${megabytes} MB, of it ${(statSync(main).size / 1e3).toFixed(0)} kB ours`);
}
