// What a command gets of the world: built in main.ts, replaced in tests.

import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../words/clock.ts";
import type { Accounts } from "../platform/accounts.ts";
import type { systemPeers } from "../platform/peer-credentials.ts";

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly clock: Clock;
  readonly accounts: Pick<Accounts, "userId">;
  readonly peers: Pick<ReturnType<typeof systemPeers>, "of">;
}

/** Why a command stopped: the sentence for standard error and the exit code. */
export class Stop extends Error {
  readonly code: string;
  readonly exit: number;

  constructor(exit: number, code: string, message: string) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}
