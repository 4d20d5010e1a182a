// What can be seen from outside the agent: sockets, configuration, the PAM module.

import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readConfig } from "../../config.ts";
import type { Trust } from "../../platform/trusted-path.ts";
import { checkSocketPath } from "../trusted-socket.ts";
import type { Finding } from "./finding.ts";

/** `othersMay`: whether everybody has to be able to connect, or nobody but owner and group. */
export function checkSocket(name: string, path: string, othersMay: boolean, trust: Trust): Finding {
  const check = `${name} socket`;
  try {
    checkSocketPath(path, trust);
    const mode = lstatSync(path).mode & 0o777;
    const shown = `${path}, mode ${mode.toString(8).padStart(4, "0")}`;
    const right = othersMay ? (mode & 0o222) === 0o222 : (mode & 0o007) === 0;
    return right
      ? { check, outcome: "ok", found: shown }
      : {
          check,
          outcome: "fail",
          found: shown,
          todo: `restart the agent; it should be ${othersMay ? "0666" : "0660"}`,
        };
  } catch (error) {
    return {
      check,
      outcome: "fail",
      found: error instanceof Error ? error.message : "can't be looked at",
      todo: "is the agent running? systemctl status nightlatchd",
    };
  }
}

export function checkConfig(path: string, agentUid: number, privileged: boolean): Finding {
  const check = "configuration";
  const config = readConfig(path, agentUid);
  if (config.ok) return { check, outcome: "ok", found: path };
  const unreadable = !privileged && /EACCES|permission|may not be read/.test(config.error);
  return unreadable
    ? { check, outcome: "warn", found: `${path} may only be read by root`, todo: "run doctor as root" }
    : { check, outcome: "fail", found: config.error, todo: `correct ${path}, then restart the agent` };
}

export interface PamPlaces {
  /** Folders that hold PAM modules, one of them on any one system. */
  readonly modules: readonly string[];
  readonly stacks: string;
}

export const pamPlaces: PamPlaces = {
  modules: [
    "/lib/security",
    "/lib64/security",
    "/usr/lib/security",
    "/usr/lib64/security",
    ...["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/security`),
  ],
  stacks: "/etc/pam.d",
};

export function checkPam({ modules, stacks }: PamPlaces): Finding[] {
  const module = modules.map((folder) => join(folder, "pam_nightlatch.so")).find((path) => existsSync(path));
  return [checkModule(module), checkStacks(stacks, module !== undefined)];
}

function checkModule(path: string | undefined): Finding {
  const check = "PAM module";
  if (path === undefined)
    return {
      check,
      outcome: "warn",
      found: "pam_nightlatch.so is not installed",
      todo: "install it, as the admin guide says",
    };
  const found = statSync(path);
  const folder = statSync(dirname(path));
  const safe =
    found.uid === 0 && folder.uid === 0 && (found.mode & 0o022) === 0 && (folder.mode & 0o022) === 0;
  return safe
    ? { check, outcome: "ok", found: path }
    : {
        check,
        outcome: "fail",
        found: `${path} can be changed by others than root`,
        todo: "install it anew, as root: mode 644, in a folder that only root may change",
      };
}

function checkStacks(folder: string, installed: boolean): Finding {
  const check = "PAM services";
  const named = stacksNaming(folder);
  if (named === undefined) return { check, outcome: "warn", found: `${folder} can't be read` };
  if (named.length > 0 && !installed)
    return {
      check,
      outcome: "fail",
      found: `named in ${named.join(", ")}, but the module is missing: nobody can sign in there`,
      todo: "install it, as the admin guide says, or take the line out",
    };
  return named.length > 0
    ? { check, outcome: "ok", found: named.join(", ") }
    : {
        check,
        outcome: "warn",
        found: `named in no file of ${folder}`,
        todo: "pam-auth-update, or see pam_nightlatch(8)",
      };
}

function stacksNaming(folder: string): string[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) =>
        /^[ \t]*[^#\s].*pam_nightlatch\.so/m.test(readFileSync(join(folder, entry.name), "utf8")),
      )
      .map((entry) => entry.name)
      .sort();
  } catch {
    return undefined;
  }
}
