// Tells what happens, checks each step, and ends with a table of what was expected and what was seen.

export interface Outcome {
  /** In the words of `expected` where all went well. */
  readonly seen: string;
  readonly ok: boolean;
}

interface Row extends Outcome {
  readonly step: string;
  readonly expected: string;
}

const paint = (code: string, text: string): string =>
  process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;

export class Story {
  readonly #rows: Row[] = [];
  readonly #begun = performance.now();

  /** Indented below the step, as on the screen that it quotes. */
  tell(text: string): void {
    for (const line of text.trimEnd().split("\n")) console.log(`      ${line}`);
  }

  typed(command: string): void {
    this.tell(paint("36", `$ ${command}`));
  }

  async step(step: string, expected: string, act: () => Promise<Outcome>): Promise<void> {
    console.log(`\n${paint("1", `${String(this.#rows.length + 1).padStart(2)}. ${step}`)}`);
    let outcome: Outcome;
    try {
      outcome = await act();
    } catch (error) {
      outcome = { ok: false, seen: `failed: ${error instanceof Error ? error.message : String(error)}` };
    }
    const mark = outcome.ok ? paint("32", "as expected") : paint("31", `NOT as expected (${expected})`);
    this.tell(`=> ${outcome.seen}: ${mark}`);
    this.#rows.push({ step, expected, ...outcome });
    // What follows would only be noise: each step stands on those before it.
    if (!outcome.ok) throw new StoryOver();
  }

  /** The last lines of the demo. */
  table(): void {
    const rows = this.#rows.map((row, at) => ({ ...row, number: String(at + 1) }));
    const firstLine = (text: string) => text.split("\n", 1)[0] ?? "";
    const width = (pick: (row: (typeof rows)[number]) => string, title: string) =>
      Math.max(title.length, ...rows.map((row) => firstLine(pick(row)).length));
    const steps = width((row) => row.step, "step");
    const expectations = width((row) => row.expected, "expected");
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(0);
    const good = rows.filter((row) => row.ok).length;
    console.log(`\n${good} of ${rows.length} steps as expected, in ${seconds} s\n`);
    console.log(`    ${"step".padEnd(steps)}  ${"expected".padEnd(expectations)}  seen`);
    for (const row of rows) {
      const start = `${row.ok ? "ok" : "!!"}  ${row.step.padEnd(steps)}  ${row.expected.padEnd(expectations)}`;
      console.log(`${start}  ${firstLine(row.seen)}`);
    }
  }
}

export class StoryOver extends Error {}
