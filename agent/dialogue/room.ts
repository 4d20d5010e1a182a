// How many dialogues may be open: in all, for one user, by one unprivileged caller. See protocol/dialogue.md, "Time and size".

import { limits } from "../../protocol/dialogue/limits.ts";
import type { UserName } from "../../words/user-name.ts";

/** One dialogue's place. `leave` gives it back; a second call does nothing. */
export interface Seat {
  /** False: as many dialogues as are allowed are open for this user. Asked once, at BEGIN. */
  takeFor(user: UserName): boolean;
  leave(): void;
}

export interface Room {
  /** Undefined: full, for this caller or for all. */
  enter(uid: number): Seat | undefined;
  readonly open: number;
}

export function makeRoom(): Room {
  let open = 0;
  const byCaller = new Map<number, number>();
  const byUser = new Map<UserName, number>();
  return {
    get open() {
      return open;
    },
    enter(uid) {
      const unprivileged = uid !== 0;
      if (open >= limits.open) return undefined;
      if (unprivileged && (byCaller.get(uid) ?? 0) >= limits.openPerUnprivilegedCaller) return undefined;
      open += 1;
      if (unprivileged) count(byCaller, uid, 1);
      let user: UserName | undefined;
      let here = true;
      return {
        takeFor(name) {
          if (!here || user !== undefined || (byUser.get(name) ?? 0) >= limits.openPerUser) return false;
          user = name;
          count(byUser, name, 1);
          return true;
        },
        leave() {
          if (!here) return;
          here = false;
          open -= 1;
          if (unprivileged) count(byCaller, uid, -1);
          if (user !== undefined) count(byUser, user, -1);
        },
      };
    },
  };
}

/** A count of zero is not kept, so that names that were once tried take no memory. */
function count<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
