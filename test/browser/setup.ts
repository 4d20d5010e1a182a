// Before the tests in the browser: three weeks of a server's life, once; each file's server begins with a copy of them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { populate } from "./populate.ts";

export const populatedVariable = "NIGHTLATCH_POPULATED";

export default async function setup(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-populated-"));
  await populate(join(folder, "data"), Date.now());
  process.env[populatedVariable] = join(folder, "data");
  return () => rmSync(folder, { recursive: true, force: true });
}
