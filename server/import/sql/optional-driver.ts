// Drivers that do not come along: found in a folder where somebody has installed them.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";

/** @throws Failure that says what to install. What is loaded runs with the server's secrets in reach. */
export function loadDriver(name: string, database: string, folder: string | undefined): unknown {
  try {
    return createRequire(resolve(folder ?? ".", "none.js"))(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new Failure(
      "not-found",
      `${database} needs the package ${name}, which does not come along: npm install --prefix DIR ${name}, and say --drivers DIR`,
    );
  }
}
