// scripts/test: runs tiers one after the other and says in one line what came of all of them.

import { asRoot, check, giveBack } from "./command.ts";
import { type Counts, line, nothing, sum } from "./counts.ts";
import { staticTier } from "./static.ts";
import { vitest } from "./vitest.ts";

interface Tier {
  readonly what: string;
  /** Takes too long for every run: only when it is named. */
  readonly whenNamed?: true;
  run(): Promise<Counts>;
}

/** In the order of CI: what fails soonest comes first. */
const tiers: Readonly<Record<string, Tier>> = {
  static: { what: "format, lint, types, dead code, shell scripts", run: staticTier },
  fast: {
    what: "tests that need nothing but Node, import rules among them",
    run: () => vitest("fast"),
  },
  peers: {
    what: "imports from, and a move to, other people's servers: PostgreSQL, MariaDB, OpenLDAP, Samba",
    run: () => vitest("peers"),
  },
  browser: {
    what: "the server's pages in Chromium: content security policy, axe, light, dark and on a phone",
    run: () => vitest("browser"),
  },
  build: {
    what: "the single executables",
    run: () => check({ says: "built, and they start", run: [process.execPath, "scripts/build.ts"] }),
  },
  "fuzz-short": {
    what: "half a minute of scripts/fuzz",
    run: () => check({ says: "nothing found", run: ["scripts/fuzz", "0.45"], streams: true }),
  },
  pam: {
    what: "the PAM module: -Werror, analyzer, ASan, UBSan, fuzzing, transcripts",
    async run() {
      const analysed = await check({
        says: "no warning, nothing found by gcc -fanalyzer and clang",
        run: ["scripts/pam/check", "--without-tests"],
      });
      const fuzzed = await check({ says: "10 s of fuzzing each target", run: ["scripts/pam/fuzz", "10"] });
      const tested = await vitest("pam");
      // What this second run leaves out is about the binary as it ships, and was run in the first.
      const sanitized = { ...(await vitest("pam", ["NIGHTLATCH_PAM_SANITIZE=1"])), skipped: 0 };
      return [analysed, fuzzed, tested, sanitized].reduce(sum);
    },
  },
  protectors: {
    what: "what seals the machine's key: a TPM in software, systemd-creds, a file",
    run: () => vitest("protectors"),
  },
  server: {
    what: "all tests of the server, on SQLite and on PostgreSQL",
    run: async () => sum(await vitest("server"), await vitest("postgres")),
  },
  system: { what: "su, sudo and sshd, parallel sign-ins, kill -9", run: () => vitest("system") },
  "crash-short": {
    what: "a sample of the crashes below",
    run: () => crashes("--short"),
  },
  crash: {
    what: "kills, failing disks and power cuts at every call of every commit; half an hour",
    whenNamed: true,
    run: () => crashes(),
  },
  booted: {
    what: "the systemd units on a machine that boots; the first time it fetches a Debian for it",
    whenNamed: true,
    run: booted,
  },
  container: {
    what: "the server's container, built and run by Podman; the first time it fetches a Debian for it",
    whenNamed: true,
    run: container,
  },
  demo: {
    what: "the main job, told and checked",
    run: () => check({ says: "scripts/demo", run: ["scripts/demo"], streams: true }),
  },
};

/** On the executables of this very source. */
async function crashes(...options: readonly string[]): Promise<Counts> {
  const built = await check({ says: "built, and they start", run: [process.execPath, "scripts/build.ts"] });
  if (built.failed > 0) return built;
  const run = asRoot(
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "test/crash/main.ts",
    ...options,
  );
  const crashed = await check({ says: "no crash did harm", run, streams: true });
  await giveBack();
  return sum(built, crashed);
}

async function booted(): Promise<Counts> {
  const installed = await check({
    says: "debootstrap and systemd-nspawn",
    run: ["scripts/setup", "--for", "booted"],
  });
  const built = await check({ says: "built, and they start", run: [process.execPath, "scripts/build.ts"] });
  const made = sum(installed, built);
  return made.failed > 0 ? made : sum(made, await vitest("booted"));
}

async function container(): Promise<Counts> {
  const installed = await check({
    says: "podman, runc and debootstrap",
    run: ["scripts/setup", "--for", "container"],
  });
  return installed.failed > 0 ? installed : sum(installed, await vitest("container"));
}

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => !Object.hasOwn(tiers, name));
  if (unknown.length > 0) {
    console.error(`no such tier: ${unknown.join(", ")}; there are ${Object.keys(tiers).join(", ")}`);
    return 2;
  }
  const chosen = Object.entries(tiers).filter(([name, { whenNamed }]) =>
    asked.length === 0 ? whenNamed !== true : asked.includes(name),
  );
  const results: string[] = [];
  let all = nothing;
  for (const [name, tier] of chosen) {
    console.log(`\n== ${name}: ${tier.what}`);
    const begun = performance.now();
    const counts = await tier.run();
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    results.push(`${name.padEnd(11)} ${line(counts)} (${seconds} s)`);
    console.log(`== ${results.at(-1)}`);
    all = sum(all, counts);
  }
  for (const failure of all.failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${results.join("\n")}\n`);
  const skippedInCi = process.env["CI"] === "true" && all.skipped > 0;
  if (skippedInCi) console.log("A skipped test is a failure here: what CI doesn't run, nobody knows.");
  console.log(line(all));
  return all.failed > 0 || all.passed === 0 || skippedInCi ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
