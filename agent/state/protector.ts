import type { Secret } from "../../words/secret.ts";

export const protectorNames = ["tpm2", "systemd-creds", "file"] as const;
export type ProtectorName = (typeof protectorNames)[number];

/**
 * A number kept where the disk's past can't be put back. It only rises, by one at a time.
 * Both calls return when it is durable. @throws when the device doesn't answer: then nothing may be granted.
 */
export interface GenerationCounter {
  read(): number;
  /** The new value. */
  increment(): number;
}

/**
 * What seals the machine's secret at rest. `load` is asked at start only; whoever holds the secret holds everything.
 */
export interface Protector {
  readonly name: ProtectorName;
  /** One sentence for `nightlatch status`: what it does and does not defend. */
  readonly defends: string;
  /** Undefined when there is none. @throws StateDamaged when there is something that can't be the secret, or can't be unsealed here. */
  load(): Secret<Uint8Array> | undefined;
  /** Durable when it returns. @throws when there is one already, or it can't be sealed. */
  create(secret: Secret<Uint8Array>): void;
  /** Makes the secret unreadable for ever, durably, its counter included; fine when there is none. */
  erase(): void;
  /** The counter that was made with the secret; undefined where the protector has none. */
  readonly counter: GenerationCounter | undefined;
}

/** A protector for the secret in a folder; `configured`: the one that is there, or that the configuration asks for. */
export type ProtectorIn = (folder: string, wanted: ProtectorName | "configured") => Protector;
