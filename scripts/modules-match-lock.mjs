// Exit status 0 if node_modules holds just what package-lock.json says: `npm ci` takes a minute, this takes 50 ms.
// Plain JavaScript without dependencies, because it runs under the system's own Node before anything is installed.

import { existsSync, readFileSync } from "node:fs";

const installedLock = "node_modules/.package-lock.json";

function packagesOf(file) {
  const { "": _ours, ...packages } = JSON.parse(readFileSync(file, "utf8")).packages;
  return packages;
}

/** An optional package may be left out: it is for another system. */
function matches(wanted, installed) {
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    const there = installed[path];
    if (there === undefined ? !optional : there.version !== version || !existsSync(path)) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

process.exitCode =
  existsSync(installedLock) && matches(packagesOf("package-lock.json"), packagesOf(installedLock)) ? 0 : 1;
