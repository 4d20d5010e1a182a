import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainHash, chainStart } from "../../protocol/sync/events.ts";

function chain(lines: readonly string[]): string {
  return lines.reduce(chainHash, chainStart);
}

describe("the chain of events", () => {
  test("begins with zeros and goes on with SHA-256 over the hash before and the line", () => {
    expect(chainStart).toBe("0".repeat(64));
    // printf '%064d{"sequence":1}' 0 | sha256sum
    expect(chainHash(chainStart, '{"sequence":1}')).toBe(
      "7c227689aed6351255f1dd74d3c7d5f3615d7d53f939882c9e7d86b3faec21d3",
    );
  });

  const lines = fc.array(fc.string({ unit: "grapheme", maxLength: 30 }), { minLength: 1, maxLength: 12 });

  test("ends elsewhere when a line is dropped, doubled, altered, or two are swapped", () => {
    fc.assert(
      fc.property(lines, fc.nat(), fc.nat(), (all, one, other) => {
        const at = one % all.length;
        const to = other % all.length;
        const end = chain(all);
        const line = all[at] ?? "";
        expect(chain(all.toSpliced(at, 1))).not.toBe(end);
        expect(chain(all.toSpliced(at, 0, line))).not.toBe(end);
        expect(chain(all.with(at, `${line} `))).not.toBe(end);
        expect(chain([...all, ""])).not.toBe(end);
        if (all[to] !== line) expect(chain(all.with(at, all[to] ?? "").with(to, line))).not.toBe(end);
      }),
    );
  });

  test("tells apart where one line ends and the next begins", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 2, maxLength: 30 }),
        fc.integer({ min: 1, max: 29 }),
        (text, cut) => {
          fc.pre(cut < text.length);
          expect(chain([text])).not.toBe(chain([text.slice(0, cut), text.slice(cut)]));
        },
      ),
    );
  });

  test("depends on every hash before", () => {
    expect(chainHash("1".repeat(64), "x")).not.toBe(chainHash(chainStart, "x"));
  });
});
