// What the console's pages use, and the little they share.

import type { Identity } from "../../protocol/crypto/keys.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { PasswordCost } from "../accounts/password.ts";
import type { Role } from "../accounts/roles.ts";
import type { Vault } from "../identity/vault.ts";
import type { SignIns } from "../sessions/sign-in.ts";
import type { Store } from "../store/store.ts";
import type { SlowLane } from "../verification/slow-lane.ts";
import type { AccessTable } from "../web/access.ts";
import type { Handlers } from "../web/gate.ts";
import { consoleAccess } from "./access.ts";

export interface ConsoleParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly identity: Identity;
  readonly random: Random;
  readonly clock: Clock;
  readonly signIns: SignIns;
  readonly passwordCost: PasswordCost;
  readonly lane: SlowLane;
}

export type ConsoleHandlers = Handlers<typeof consoleAccess>;
export type ConsoleRoute = keyof typeof consoleAccess;

/** Whether a button is shown. Whether the route behind it is passed, the gate asks again. */
export function may(role: Role, route: ConsoleRoute): boolean {
  const table: AccessTable = consoleAccess;
  const { may: who } = table[route] ?? { may: [] };
  return who === "anyone" || who === "signed-in" || who.includes(role);
}
