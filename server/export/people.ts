// Users as `import users` takes them, and their authenticators.

import type { Authenticator } from "../../protocol/sync/documents.ts";
import { openAuthenticator } from "../authenticators/authenticators.ts";
import { ocraUri, provisioningUri } from "../authenticators/provisioning-uri.ts";
import type { Vault } from "../identity/vault.ts";
import { isoTime } from "../iso-time.ts";
import type { Db } from "../store/store.ts";
import type { Row } from "./lists.ts";

const atOnce = 500;

/** One row a user, by name. Secrets only where they are asked for, as otpauth URIs parted by spaces. */
export async function* usersWithEverything(db: Db, vault: Vault, withSecrets: boolean): AsyncGenerator<Row> {
  for (let after = ""; ; ) {
    const users = await db
      .selectFrom("users")
      .select(["id", "name", "displayName", "disabledAtMs", "createdAtMs"])
      .where("name", ">", after)
      .orderBy("name")
      .limit(atOnce)
      .execute();
    if (users.length === 0) return;
    const ids = users.map(({ id }) => id);
    const groups = Map.groupBy(
      await db.selectFrom("userGroups").selectAll().where("userId", "in", ids).orderBy("groupName").execute(),
      ({ userId }) => userId,
    );
    const addresses = Map.groupBy(
      await db.selectFrom("addresses").selectAll().where("userId", "in", ids).execute(),
      ({ userId }) => userId,
    );
    const uris = withSecrets ? await urisOf(db, vault, users) : undefined;
    for (const user of users) {
      const at = (place: string) =>
        addresses.get(user.id)?.find((address) => address.place === place)?.address ?? null;
      yield {
        name: user.name,
        displayName: user.displayName,
        groups: (groups.get(user.id) ?? []).map(({ groupName }) => groupName),
        email: at("mail-1"),
        email2: at("mail-2"),
        phone: at("phone"),
        disabled: user.disabledAtMs !== null,
        createdAt: isoTime(user.createdAtMs),
        ...(uris === undefined ? {} : { secret: uris.get(user.id) ?? "" }),
      };
    }
    after = users.at(-1)?.name ?? after;
  }
}

async function urisOf(
  db: Db,
  vault: Vault,
  users: readonly { readonly id: string; readonly name: string }[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map(users.map(({ id, name }) => [id, name]));
  const rows = await db
    .selectFrom("authenticators")
    .selectAll()
    .where("userId", "in", [...names.keys()])
    .where("type", "<>", "backup-codes")
    .orderBy("id")
    .execute();
  const uris = new Map<string, string>();
  for (const row of rows) {
    const authenticator = openAuthenticator(row, vault);
    if (authenticator.type === "backup-codes") continue;
    const label = names.get(row.userId) ?? "";
    const uri =
      authenticator.type === "ocra" ? ocraUri(authenticator, label) : provisioningUri(authenticator, label);
    const before = uris.get(row.userId);
    uris.set(row.userId, before === undefined ? uri : `${before} ${uri}`);
  }
  return uris;
}

/** Without anything secret. */
export async function* authenticatorRows(db: Db, vault: Vault): AsyncGenerator<Row> {
  for (let after = ""; ; ) {
    const rows = await db
      .selectFrom("authenticators")
      .innerJoin("users", "users.id", "authenticators.userId")
      .selectAll("authenticators")
      .select("users.name as user")
      .where("authenticators.id", ">", after)
      .orderBy("authenticators.id")
      .limit(atOnce)
      .execute();
    for (const row of rows)
      yield {
        user: row.user,
        id: row.id,
        type: row.type,
        name: row.name,
        ...parameters(openAuthenticator(row, vault)),
        createdAt: isoTime(row.createdAtMs),
      };
    if (rows.length < atOnce) return;
    after = rows.at(-1)?.id ?? after;
  }
}

function parameters(one: Authenticator): Row {
  const numbers = { digits: null, periodSeconds: null, counter: null, codesLeft: null };
  const none = { algorithm: null, ...numbers, suite: null };
  switch (one.type) {
    case "totp":
      return { ...none, algorithm: one.algorithm, digits: one.digits, periodSeconds: one.periodSeconds };
    case "hotp":
      return { ...none, algorithm: one.algorithm, digits: one.digits, counter: one.counter };
    case "backup-codes":
      return { ...none, codesLeft: one.codes.length - one.usedIds.length };
    case "ocra":
      return { ...none, suite: one.suite };
  }
}
