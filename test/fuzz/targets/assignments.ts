// KEY=VALUE and JSON for policies, as admins give them.

import fc from "fast-check";
import * as v from "valibot";
import { defaultPolicy, policySchema } from "../../../protocol/sync/policy.ts";
import { Failure } from "../../../server/failure.ts";
import { assign, assignmentHelp, overlay } from "../../../server/policies/assignments.ts";
import { type Edit, edit, edited } from "../edits.ts";
import { canary, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const keys = assignmentHelp.split("\n").map((line) => line.trim().split(" ")[0] ?? "");
const values = [
  ...[
    "0",
    "1",
    "7",
    "99999999999",
    "none",
    "required",
    "exempt",
    "logon,unlock",
    "totp/hotp,backup-codes",
    "",
    ",",
    "/",
  ],
  ...["on", "off", "per-machine", "ask", "-1", "1e3", "__proto__", canary, "totp,totp,totp,totp", "٣", "0x1"],
];
const assignment = fc.tuple(
  fc.constantFrom(...keys, "__proto__", "constructor", "offline.__proto__", "", "offline"),
  fc.constantFrom(...values),
);

type Input =
  | { readonly way: "assign"; readonly texts: readonly string[] }
  | { readonly way: "overlay"; readonly edits: readonly Edit[] };

export const assignments = target<Input>({
  name: "assignments",
  what: "policies out of KEY=VALUE and JSON",
  inputs: fc.oneof(
    fc.record({
      way: fc.constant("assign" as const),
      texts: fc.array(
        fc.oneof(
          assignment.map(([key, value]) => `${key}=${value}`),
          fc.string({ unit: "binary", maxLength: 20 }),
        ),
        { minLength: 1, maxLength: 5 },
      ),
    }),
    fc.record({
      way: fc.constant("overlay" as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    }),
  ),
  open: async () => ({
    try(input) {
      const before = structuredClone(defaultPolicy);
      const change = () =>
        input.way === "assign"
          ? assign(defaultPolicy, input.texts)
          : overlay(defaultPolicy, edited(defaultPolicy, input.edits));
      let wish: unknown;
      try {
        wish = change();
      } catch (error) {
        expectThat(error instanceof Failure && error.code === "invalid", `not a Failure: ${String(error)}`);
        expectSentence(error.message);
        return;
      } finally {
        expectSame(defaultPolicy, before, "the present policy was changed");
        expectThat(
          !("polluted" in {}) && Object.keys(Object.prototype).length === 0,
          "every object was changed",
        );
      }
      const policy = v.safeParse(policySchema, wish);
      if (!policy.success) {
        const place = v.getDotPath(policy.issues[0]) || "policy";
        expectThat(place.length > 0, "a fault without a place");
        return;
      }
      const text = JSON.stringify(policy.output);
      const stored = v.parse(policySchema, JSON.parse(text));
      expectSame(JSON.stringify(stored), text, "stored and read, it is another policy");
      expectSame(change(), wish, "the same wish twice, two policies");
    },
  }),
});
