// A user who begins to add an authenticator.

import { beginPending, findPending, type PendingWish } from "../../server/provisioning/pending.ts";
import { type Provisioning, provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { theUser } from "../../server/users/users.ts";
import { random, type TestServer } from "./fixture.ts";

/** The secret that the page shows. */
export async function begin(
  server: TestServer,
  name: string,
  wish: Partial<PendingWish>,
  setting: Partial<Provisioning> = {},
): Promise<{ readonly secret: Uint8Array }> {
  const { store, vault, clock } = server;
  const whole: PendingWish = { origin: "invitation", type: "totp", name: "", ...wish };
  await store.write(async (tx) =>
    beginPending(
      tx,
      vault,
      await theUser(tx, name),
      whole,
      { ...provisioningSetting.whenUnset, ...setting },
      random,
      clock.nowMs,
    ),
  );
  const { id } = await theUser(store.db, name);
  const pending = await findPending(store.db, vault, id, whole.origin, clock.nowMs);
  return { secret: Buffer.from(pending?.authenticator.secret ?? "", "base64") };
}
