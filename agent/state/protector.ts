import type { Secret } from "../../words/secret.ts";

/**
 * What seals the machine's secret at rest. `load` is asked at start only; whoever holds the secret holds everything.
 */
export interface Protector {
  readonly name: "file";
  /** One sentence for `nightlatch status`: what it does and does not defend. */
  readonly defends: string;
  /** Undefined when there is none. @throws StateDamaged when there is something that can't be the secret. */
  load(): Secret<Uint8Array> | undefined;
  /** Durable when it returns. @throws when there is one already. */
  create(secret: Secret<Uint8Array>): void;
  /** Makes the secret unreadable for ever, durably; fine when there is none. */
  erase(): void;
}
