// How a TPM can fail, as a closed set: what the caller must do differs, not what the chip said.

import { type CommandCode, TPM_CC } from "./names.ts";

/**
 * - `absent`: there is no such device, or it may not be opened.
 * - `silent`: no whole answer in the time given; whether the command was carried out is unknown.
 * - `busy`: the command was not carried out, and the same one may be sent again.
 * - `not-here`: this TPM does not have what is asked for, or it was not made by this TPM.
 * - `auth-required`: an authorization that is not ours to give, such as a password on the owner hierarchy.
 * - `other`: everything else, answers that can't be read included.
 */
export type TpmFailure = "absent" | "silent" | "busy" | "not-here" | "auth-required" | "other";

export class TpmError extends Error {
  readonly code = "TPM";
  readonly failure: TpmFailure;
  /** TPM_RC of the answer, without the number of the handle, session or parameter that it speaks of. */
  readonly response: number | undefined;

  constructor(failure: TpmFailure, message: string, response?: number, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
    this.response = response;
  }
}

/** An answer that breaks its own format: the TPM, or whoever poses as one, is not to be relied on. */
export function malformed(what: string): TpmError {
  return new TpmError("other", `the TPM's answer can't be read: ${what}`);
}

export function silent(path: string): TpmError {
  return new TpmError("silent", `the TPM at ${path} does not answer`);
}

const noSuchDevice = ["ENOENT", "ENODEV", "ENXIO", "ENOTDIR"];
const notPermitted = ["EACCES", "EPERM", "EROFS"];

/** @param code an error of the system's, such as `ENOENT`. */
export function unusable(path: string, code: string): TpmError {
  if (noSuchDevice.includes(code)) return new TpmError("absent", `there is no TPM at ${path}`);
  if (notPermitted.includes(code))
    return new TpmError(
      "absent",
      `the TPM at ${path} may not be opened: the agent's account needs the group tss`,
    );
  return new TpmError("other", `the TPM at ${path} can't be used (${code})`);
}

/** Part 2 §6.6.3, those with a meaning of their own here. */
export const TPM_RC = {
  HIERARCHY: 0x085,
  HANDLE: 0x08b,
  AUTH_FAIL: 0x08e,
  INTEGRITY: 0x09f,
  BAD_AUTH: 0x0a2,
  BINDING: 0x0a5,
  INITIALIZE: 0x100,
  AUTH_MISSING: 0x125,
  AUTH_UNAVAILABLE: 0x12f,
  NV_UNINITIALIZED: 0x14a,
  NV_SPACE: 0x14b,
  NV_DEFINED: 0x14c,
  OBJECT_MEMORY: 0x902,
  SESSION_MEMORY: 0x903,
  SESSION_HANDLES: 0x905,
  YIELDED: 0x908,
  TESTING: 0x90a,
  NV_RATE: 0x920,
  LOCKOUT: 0x921,
  RETRY: 0x922,
  NV_UNAVAILABLE: 0x923,
} as const;

const failures = new Map<number, TpmFailure>([
  [TPM_RC.HANDLE, "not-here"],
  [TPM_RC.INTEGRITY, "not-here"],
  [TPM_RC.BINDING, "not-here"],
  [TPM_RC.NV_UNINITIALIZED, "not-here"],
  [TPM_RC.HIERARCHY, "auth-required"],
  [TPM_RC.AUTH_FAIL, "auth-required"],
  [TPM_RC.BAD_AUTH, "auth-required"],
  [TPM_RC.AUTH_MISSING, "auth-required"],
  [TPM_RC.AUTH_UNAVAILABLE, "auth-required"],
  // Another program's objects fill the slots of a TPM without a resource manager; they come free.
  [TPM_RC.OBJECT_MEMORY, "busy"],
  [TPM_RC.SESSION_MEMORY, "busy"],
  [TPM_RC.SESSION_HANDLES, "busy"],
  [TPM_RC.YIELDED, "busy"],
  [TPM_RC.TESTING, "busy"],
  [TPM_RC.NV_RATE, "busy"],
  [TPM_RC.LOCKOUT, "busy"],
  [TPM_RC.RETRY, "busy"],
  [TPM_RC.NV_UNAVAILABLE, "busy"],
]);

/** Part 2 §6.6.2: a code of format one (bit 7) carries in bits 6 and 8 to 11 what it speaks of, which is left out. */
export function responseFailure(code: CommandCode, raw: number): TpmError {
  const response = (raw & 0x80) === 0 ? raw & 0xfff : raw & 0xbf;
  const command = Object.entries(TPM_CC).find(([, value]) => value === code)?.[0] ?? code;
  const failure = failures.get(response) ?? "other";
  return new TpmError(
    failure,
    `the TPM refused TPM2_${command}: ${nameOf(response)} (0x${raw.toString(16)})`,
    response,
  );
}

function nameOf(response: number): string {
  const name = Object.entries(TPM_RC).find(([, value]) => value === response)?.[0];
  return name === undefined ? "TPM_RC" : `TPM_RC_${name}`;
}
