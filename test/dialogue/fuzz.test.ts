import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { granted, stage } from "./stage.ts";
import { bytesOf, transcripts } from "./transcript.ts";

const asksTwice = async (
  _: unknown,
  __: unknown,
  talk: { ask(echo: "hidden", text: string): Promise<string> },
) => {
  await talk.ask("hidden", "one");
  await talk.ask("hidden", "two");
  return granted;
};

/** Bytes as a hostile relay might send them: whole lines, torn and glued lines, changed bytes, noise. */
const lines = [...transcripts("valid"), ...transcripts("invalid", "relay-")]
  .flatMap(({ turns }) => turns)
  .map(({ line }) => bytesOf(line));
const line = fc.constantFrom(...lines).chain((bytes) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(bytes) },
    fc.nat(bytes.length).map((length) => bytes.subarray(0, length)),
    fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      return changed;
    }),
    fc.uint8Array({ maxLength: 64 }).map((noise) => Buffer.from(noise)),
  ),
);

describe("whatever a relay sends, in whatever pieces", () => {
  test("nothing is thrown, at most one END is written, it is the last line, and only BEGIN starts a conversation", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (chunks) => {
        let conversations = 0;
        const on = stage(async (begin, caller, talk) => {
          conversations += 1;
          return await asksTwice(begin, caller, talk);
        });
        for (const chunk of chunks) await on.say(chunk);
        const ends = on.heard.filter((heard) => heard.startsWith("END "));
        expect(conversations).toBeLessThanOrEqual(1);
        expect(ends.length).toBe(on.closed ? 1 : 0);
        if (on.closed) expect(on.heard.at(-1)).toBe(ends[0]);
        if (conversations === 0) expect(ends.filter((end) => !end.startsWith("END refused "))).toEqual([]);
        on.connection.gone();
        expect(on.clock.sleeping).toBe(0);
      }),
      { numRuns: 1_500 },
    );
  });

  test("without a valid BEGIN there is no grant", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), async (chunks) => {
        const on = stage(async () => granted);
        for (const chunk of chunks) await on.say(chunk);
        expect(on.heard.filter((heard) => heard.includes("granted"))).toEqual([]);
        on.connection.gone();
      }),
      { numRuns: 500 },
    );
  });

  test("how the bytes are cut makes no difference", async () => {
    const text = Buffer.concat([bytesOf("BEGIN 1 kind=logon user=alice service=login")]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async (cuts) => {
        const on = stage(async () => granted);
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        for (const [index, from] of at.slice(0, -1).entries())
          await on.say(text.subarray(from, at[index + 1]));
        expect(on.heard).toEqual(["END granted"]);
      }),
      { numRuns: 200 },
    );
  });
});
