// Where a user gets messages, and which of these places gets one-time codes.

import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Db, Tx } from "../store/store.ts";
import { type AddressPlace, addressPlaces } from "../store/tables.ts";
import type { User } from "../users/users.ts";
import { parseMailAddress, parsePhoneNumber } from "./address.ts";

export interface Address {
  readonly place: AddressPlace;
  readonly address: string;
  readonly forCodes: boolean;
  /** When its user typed a code that was sent there; null: somebody else says that it is theirs. */
  readonly provedAtMs: number | null;
}

/** By place. */
export async function addressesOf(db: Db, userId: string): Promise<Address[]> {
  const rows = await db
    .selectFrom("addresses")
    .select(["place", "address", "forCodes", "provedAtMs"])
    .where("userId", "=", userId)
    .orderBy("place")
    .execute();
  return rows.map(({ forCodes, ...row }) => ({ ...row, forCodes: forCodes === 1 }));
}

export function parsePlace(text: string): AddressPlace {
  const place = addressPlaces.find((known) => known === text || known === `mail-${text}`);
  if (place === undefined)
    throw new Failure("invalid", `"${text}" is no place for an address: 1, 2 or phone`);
  return place;
}

/**
 * The first e-mail address of a user gets codes, a second one not unless it is chosen; a telephone number always does.
 * @throws Failure for what can't be an address.
 */
export async function setAddress(
  tx: Tx,
  user: User,
  place: AddressPlace,
  text: string,
  nowMs: number,
): Promise<void> {
  const address = place === "phone" ? parsePhoneNumber(text) : parseMailAddress(text);
  if (!address.ok) throw new Failure("invalid", `${place}: ${address.error}`);
  const before = await addressesOf(tx, user.id);
  const old = before.find((known) => known.place === place);
  if (old?.address === address.value) return;
  const taken = before.some((known) => isMail(known) && known.place !== place && known.forCodes);
  const forCodes = old?.forCodes ?? (place === "phone" || !taken);
  const row = { address: address.value, forCodes: forCodes ? 1 : 0, provedAtMs: null };
  await tx
    .insertInto("addresses")
    .values({ userId: user.id, place, ...row })
    .onConflict((conflict) => conflict.columns(["userId", "place"]).doUpdateSet(row))
    .execute();
  await record(tx, serverEntry(nowMs, "address-set", { user: user.name }, { place, address: address.value }));
}

/** The same by the user, who has typed a code that was sent there. @throws Failure for what can't be an address. */
export async function setProvedAddress(
  tx: Tx,
  user: User,
  place: AddressPlace,
  text: string,
  nowMs: number,
): Promise<void> {
  await setAddress(tx, user, place, text, nowMs);
  await tx
    .updateTable("addresses")
    .set({ provedAtMs: nowMs })
    .where("userId", "=", user.id)
    .where("place", "=", place)
    .execute();
  await record(tx, serverEntry(nowMs, "address-proved", { user: user.name }, { place }));
}

/** Codes go on to the other e-mail address if there is one. @throws Failure when nothing is there. */
export async function removeAddress(tx: Tx, user: User, place: AddressPlace, nowMs: number): Promise<void> {
  const gone = await tx
    .deleteFrom("addresses")
    .where("userId", "=", user.id)
    .where("place", "=", place)
    .executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not-found", `${user.name} has no address ${place}`);
  const mails = (await addressesOf(tx, user.id)).filter(isMail);
  if (!mails.some((left) => left.forCodes))
    await keepChoice(
      tx,
      user.id,
      mails.map(({ place }) => place),
    );
  await record(tx, serverEntry(nowMs, "address-removed", { user: user.name }, { place }));
}

/** Which of the two e-mail addresses get codes. @throws Failure when one of them is not there. */
export async function chooseForCodes(
  tx: Tx,
  user: User,
  places: readonly AddressPlace[],
  nowMs: number,
): Promise<void> {
  const mails = (await addressesOf(tx, user.id)).filter(isMail);
  const missing = places.find((place) => !mails.some((known) => known.place === place));
  if (missing !== undefined) throw new Failure("not-found", `${user.name} has no address ${missing}`);
  await keepChoice(tx, user.id, places);
  await record(tx, serverEntry(nowMs, "address-for-codes", { user: user.name }, { places }));
}

async function keepChoice(tx: Tx, userId: string, places: readonly AddressPlace[]): Promise<void> {
  for (const place of ["mail-1", "mail-2"] as const)
    await tx
      .updateTable("addresses")
      .set({ forCodes: places.includes(place) ? 1 : 0 })
      .where("userId", "=", userId)
      .where("place", "=", place)
      .execute();
}

export function isMail({ place }: Address): boolean {
  return place !== "phone";
}
