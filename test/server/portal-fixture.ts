// The portal with mail switched on.

import { setAddress } from "../../server/mail/addresses.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { type Provisioning, provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { writeSetting } from "../../server/settings/settings.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { Browser, type Person, person, signIn } from "./browser.ts";
import { random, type TestServer } from "./fixture.ts";

export async function withMail(server: TestServer): Promise<void> {
  await server.store.write((tx) =>
    changeMail(
      tx,
      server.vault,
      { host: "mail.example", from: "nightlatch@corp.example" },
      server.clock.nowMs,
    ),
  );
}

export async function addressFor(server: TestServer, name: string, address: string): Promise<void> {
  await server.store.write(async (tx) =>
    setAddress(tx, await theUser(tx, name), "mail-1", address, server.clock.nowMs),
  );
}

export async function allow(server: TestServer, setting: Partial<Provisioning>): Promise<void> {
  await server.store.write((tx) =>
    writeSetting(
      tx,
      provisioningSetting,
      { ...provisioningSetting.whenUnset, ...setting },
      server.clock.nowMs,
    ),
  );
}

export async function plainUser(server: TestServer, name: string): Promise<void> {
  await server.store.write((tx) =>
    addUser(tx, { name, displayName: "", groups: [] }, random, server.clock.nowMs),
  );
}

/** Somebody with a password and a TOTP app, signed in to the portal with the page of its overview open. */
export async function inPortal(
  server: TestServer,
  name = "alice",
): Promise<{ readonly browser: Browser; readonly who: Person }> {
  const who = await person(server, name, "none");
  const browser = new Browser(server);
  const seen = await signIn(server, browser, who, "/portal");
  if (seen.status !== 303) throw new Error(`sign-in: ${seen.status}`);
  server.clock.pass(30_000);
  await browser.get("/portal");
  return { browser, who };
}
