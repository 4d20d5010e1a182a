// Users with PINs, for tests.

import { freshPin } from "../../server/pins/new-pin.ts";
import { keepPin, pinOf, pinState } from "../../server/pins/pins.ts";
import { theUser } from "../../server/users/users.ts";
import { random, type TestServer } from "./fixture.ts";

type ServerWithPins = Pick<TestServer, "store" | "vault"> & { readonly clock: { wallMs(): number } };

export async function setPin(
  { store, vault, clock }: ServerWithPins,
  name: string,
  pin: string,
  mustChange = false,
): Promise<void> {
  const made = await freshPin(pin, random);
  await store.write(async (tx) =>
    keepPin(tx, vault, await theUser(tx, name), made, mustChange, clock.wallMs()),
  );
}

export async function stateOfPin({ store, vault }: ServerWithPins, name: string) {
  const pin = await pinOf(store.db, vault, (await theUser(store.db, name)).id);
  return { state: pinState(pin), failures: pin?.failures ?? 0 };
}

/** Why sign-ins were refused, in their order; for the audit alone. */
export async function reasons(server: TestServer): Promise<unknown[]> {
  return (await server.audit())
    .filter(({ kind }) => kind === "sign-in-denied")
    .map(({ detail }) => (detail as { reason?: string }).reason);
}
