import { describe, expect, test } from "vitest";
import { type Phase, permits } from "../../agent/dialogue/phases.ts";

const words = ["BEGIN", "ANSWER", "CANCEL"] as const;

describe("what the relay may say", () => {
  const expected: Record<Phase, readonly (typeof words)[number][]> = {
    waiting: ["BEGIN"],
    thinking: ["CANCEL"],
    asking: ["ANSWER", "CANCEL"],
    over: [],
  };

  for (const phase of ["waiting", "thinking", "asking", "over"] as const)
    test(`while ${phase}: ${expected[phase].join(" or ") || "nothing"}`, () => {
      expect(words.filter((word) => permits(phase, word))).toEqual(expected[phase]);
    });
});
