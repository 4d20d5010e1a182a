// Somebody who does something with their own account, in a session that is open.

import type { Tx } from "../store/store.ts";
import type { Session } from "./sessions.ts";

/** Who acts, from where, and the way to write in their name: nothing is kept of `work` once the session has ended. */
export interface Acting {
  readonly session: Session;
  readonly address: string;
  readonly browser: string;
  readonly nowMs: number;
  /** @throws Failure when the session has ended meanwhile. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}
