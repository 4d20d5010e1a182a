// Tables as the command line prints them.

import { expect, it } from "vitest";
import { table } from "../../server/cli/terminal.ts";

it("has as many lines as there are users or entries, however many", () => {
  const rows = Array.from({ length: 300_000 }, (_, at) => [String(at), "granted"]);
  const lines = table(["NUMBER", "KIND"], rows, "none").split("\n");
  expect(lines).toHaveLength(300_002);
  expect(lines.slice(0, 2)).toEqual(["NUMBER  KIND", "0       granted"]);
});
