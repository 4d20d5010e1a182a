// A vitest project as a tier: its own progress on the screen, its numbers from the JSON report. As root, because every
// project has tests about other users' sockets, files or sign-ins, and leaves those out otherwise.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { asRoot, exitOf, giveBack, root } from "./command.ts";
import { type Counts, oneFailed, sum } from "./counts.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** `settings` are environment variables, as "NAME=value". */
export async function vitest(project: string, settings: readonly string[] = []): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-report-"));
  const file = join(folder, "report.json");
  const command: [string, ...string[]] = [
    "env",
    ...settings,
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    `--project=${project}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ];
  try {
    const status = await exitOf({ run: asRoot(...command), streams: true });
    await giveBack();
    const counts = read(file);
    // A file that can't be loaded, an error outside of any test: vitest knows, its numbers of tests don't.
    if (status === 0 || counts.failed > 0) return counts;
    const outside = `${project}: an error outside of any test, or a file that can't be loaded`;
    return sum(counts, oneFailed(outside));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(file: string): Counts {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
      failures: report.testResults.flatMap(failuresOf),
    };
  } catch (error) {
    console.error(`vitest left no report: ${String(error)}`);
    return oneFailed("vitest left no report");
  }
}

const linesOfReason = 12;

function failuresOf({ name, status, message, assertionResults }: Report["testResults"][number]): string[] {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [`${file}\n${beginning(message)}`];
  return failed.map((test) => `${file}: ${test.fullName}\n${beginning(test.failureMessages.join("\n"))}`);
}

const beginning = (reason: string): string =>
  reason
    .split("\n")
    .slice(0, linesOfReason)
    .map((text) => `      ${text}`)
    .join("\n");
