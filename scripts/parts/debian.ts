// A Debian in a folder, fetched once and kept under build/: what machines and images of the tests begin with.

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { succeed } from "./program.ts";

export interface Debian {
  readonly folder: string;
  readonly release: string;
  /** Beside the smallest system there is. */
  readonly packages: readonly string[];
}

/** It is put in its place whole. */
export async function fetchDebian({ folder, release, packages }: Debian): Promise<void> {
  if (existsSync(folder)) return;
  const begun = `${folder}.begun`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const include = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
  await succeed(["debootstrap", "--variant=minbase", ...include, release, begun], { withinMs: 900_000 });
  await succeed(["mv", begun, folder]);
}
