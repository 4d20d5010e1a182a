// What machines report about themselves: chains with gaps, forks, repeats and rubbish in them. A model beside the server
// knows what a chain has to become.

import fc from "fast-check";
import { chainHash, chainStart, eventKinds } from "../../../protocol/sync/events.ts";
import type { TestMachine } from "../../server/machine.ts";
import { type Edit, edit, edited } from "../edits.ts";
import { canary, expectNothingOf, expectSame, expectThat } from "../oracles.ts";
import { Site } from "../site.ts";
import { target } from "../target.ts";

interface Upload {
  /** Beside the next one expected. */
  readonly fromOffset: number;
  readonly rightHash: boolean;
  readonly lines: readonly { readonly edits: readonly Edit[]; readonly raw: string | null }[];
}

const mostBytes = 2_048;

function lineOf(sequence: number, { edits, raw }: Upload["lines"][number]): string {
  if (raw !== null) return raw;
  const event = {
    sequence,
    id: sequence.toString(16).padStart(32, "0"),
    atMs: 1_700_000_000_000,
    wallMs: 1_700_000_000_000,
    kind: eventKinds[sequence % eventKinds.length],
    user: "alice",
    signIn: "logon",
    service: "login",
    offline: true,
    method: "totp",
    reason: "wrong-code",
  };
  return JSON.stringify(edited(event, edits)) ?? "";
}

export const eventChain = target<readonly Upload[]>({
  name: "event-chain",
  what: "chains of events sent to a real server",
  inputs: fc.array(
    fc.record({
      fromOffset: fc.integer({ min: -3, max: 2 }),
      rightHash: fc.boolean(),
      lines: fc.array(
        fc.record({
          edits: fc.array(edit, { maxLength: 2 }),
          raw: fc.option(
            fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("", "{}", `"${canary}"`)),
            { freq: 5 },
          ),
        }),
        { maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  open: async () => {
    const site = await Site.open();
    const machine = await site.machine();
    return { try: (uploads) => tryOn(site, machine, uploads), close: () => site.close() };
  },
});

async function tryOn(site: Site, machine: TestMachine, uploads: readonly Upload[]): Promise<void> {
  const { db } = site.server.store;
  await db.deleteFrom("events").execute();
  await db.deleteFrom("audit").execute();
  await db.updateTable("machines").set({ eventsThrough: 0, eventsHash: chainStart, flags: "[]" }).execute();
  /** What is kept: line n at n - 1. */
  const kept: string[] = [];
  const hashAfter = (count: number) => kept.slice(0, count).reduce(chainHash, chainStart);
  for (const { fromOffset, rightHash, lines } of uploads) {
    const from = Math.max(0, kept.length + 1 + fromOffset);
    const texts = lines
      .map((line, at) => lineOf(from + at, line).toWellFormed())
      .filter((line) => Buffer.byteLength(line) <= mostBytes);
    const previous = rightHash ? hashAfter(from - 1) : "f".repeat(64);
    site.log();
    const asked = { ...machine.syncRequest(1), events: { from, previous, lines: texts } };
    if (texts.some((line) => line.includes("\0"))) {
      // No database holds one, and no agent writes one: the request is refused as a whole.
      const refused = await machine.ask("sync", asked).then(() => "nothing", String);
      expectThat(refused.includes("400") && refused.includes("malformed"), `a zero byte got ${refused}`);
      continue;
    }
    const answer = await machine.ask("sync", asked);
    expectNothingOf(JSON.stringify(texts), JSON.stringify(answer), "the answer");
    expectNothingOf(JSON.stringify(texts), site.log(), "the log");
    const takesHold = from >= 1 && from <= kept.length + 1 && previous === hashAfter(from - 1);
    let hash = previous;
    for (const [at, line] of (takesHold ? texts : []).entries()) {
      hash = chainHash(hash, line);
      const sequence = from + at;
      if (sequence <= kept.length && hashAfter(sequence) !== hash) break;
      if (sequence > kept.length) kept.push(line);
    }
    expectSame(answer.eventsThrough, kept.length, "kept through");
    const rows = await db.selectFrom("events").select(["line", "hash"]).orderBy("sequence").execute();
    expectSame(
      rows.map(({ line }) => line),
      kept,
      "the lines kept",
    );
    expectSame(rows.at(-1)?.hash ?? chainStart, hashAfter(kept.length), "the chain's end");
  }
  const entries = await db.selectFrom("audit").select(["source"]).where("source", "=", "machine").execute();
  expectThat(
    entries.length === kept.length,
    `${entries.length} entries in the audit for ${kept.length} events`,
  );
}
