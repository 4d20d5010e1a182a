// Whose the events are that a machine tells of a name which has gone from one user to another.

import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import type { FormerName, FormerNames } from "../machines/former-names.ts";
import type { Machine } from "../machines/machines.ts";
import type { Tx } from "../store/store.ts";

/**
 * Whose an event about `name` is, in the order of the machine's chain: until the machine says that it has erased what it held
 * under the name, the one's who had it first of those that are waited for.
 */
export class FormerHolders {
  readonly #names: FormerName[];
  readonly #revokedThrough: number;
  readonly #over: FormerName[] = [];

  constructor(names: FormerNames, { revokedThrough }: Pick<RequestOf<"sync">, "revokedThrough">) {
    this.#names = [...names.all];
    this.#revokedThrough = revokedThrough;
  }

  of(name: string): FormerName | undefined {
    return this.#names.find(({ userName }) => userName === name);
  }

  /** The machine has erased what it held under the name: from here on events about it are another's. */
  erased(name: string): void {
    const at = this.#names.findIndex(
      ({ userName, revocationSerial }) => userName === name && this.#isCarriedOut(revocationSerial),
    );
    this.#over.push(...(at < 0 ? [] : this.#names.splice(at, 1)));
  }

  /** With nothing left to tell, also those that no event has ended: it may have found no room on the machine. */
  silent(): void {
    const done = this.#names.filter(({ revocationSerial }) => this.#isCarriedOut(revocationSerial));
    for (const one of done) this.erased(one.userName);
  }

  /** Those of removed users have gone with them. */
  async keep(tx: Tx, { id: machineId, holdsFormerNames }: Machine): Promise<void> {
    for (const { userName, userId } of this.#over)
      await tx
        .deleteFrom("formerNames")
        .where("machineId", "=", machineId)
        .where("userName", "=", userName)
        .where("userId", "=", userId)
        .execute();
    if (this.#names.length === 0 && holdsFormerNames === 1)
      await tx.updateTable("machines").set({ holdsFormerNames: 0 }).where("id", "=", machineId).execute();
  }

  #isCarriedOut(serial: number | null): boolean {
    return serial !== null && serial <= this.#revokedThrough;
  }
}
