// What the tests of protectors stand on: the real clock, chance and C library, and a state folder of their own.

import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type Tpm2Protector, tpm2Protector } from "../../agent/platform/tpm2-protector.ts";
import { StateDamaged } from "../../agent/state/failures.ts";
import type { Protector } from "../../agent/state/protector.ts";
import { Secret } from "../../words/secret.ts";
import { folder } from "../agent/workspace.ts";
import { clock, libc, random } from "./ports.ts";

export { clock, libc, random } from "./ports.ts";
export const ports = { libc, clock, random };

export function stateFolder(): string {
  const path = folder();
  chmodSync(path, 0o700);
  return path;
}

export function tpmIn(path: string, device: string): Tpm2Protector {
  return tpm2Protector({ path: join(path, "machine.tpm2"), device, ...ports });
}

export function aSecret(): Secret<Uint8Array> {
  return new Secret<Uint8Array>(random.bytes(32));
}

export function hexOf(secret: Secret<Uint8Array> | undefined): string | undefined {
  return secret?.use((bytes) => Buffer.from(bytes).toString("hex"));
}

/** The sentence with which a protector refuses what is there. */
export function damage(protector: Pick<Protector, "load">): string {
  try {
    return `no damage: ${protector.load() === undefined ? "there is nothing" : "there is a secret"}`;
  } catch (error) {
    if (error instanceof StateDamaged) return error.where;
    throw error;
  }
}

/** How long it took, and what it threw. */
export function timed(work: () => unknown): { readonly ms: number; readonly thrown: unknown } {
  const startMs = clock.monotonicMs();
  try {
    work();
    return { ms: clock.monotonicMs() - startMs, thrown: undefined };
  } catch (thrown) {
    return { ms: clock.monotonicMs() - startMs, thrown };
  }
}
