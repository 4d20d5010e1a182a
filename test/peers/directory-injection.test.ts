// Somebody on the line says something in the directory's name before TLS begins, to be heard as if it had come after.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { freePort } from "./daemon.ts";
import { bindsWith } from "./directory-bind.ts";
import { type DirectoryServer, startDirectory } from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
});
afterEach(() => ldap.stop());

/** To the directory, with `more` behind the first thing that it says: its answer to StartTLS. */
async function lineWith(more: Buffer): Promise<number> {
  const open: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connect(ldap.place.port, "localhost");
    open.push(near, far);
    for (const one of [near, far]) one.on("error", () => undefined);
    near.pipe(far);
    far.once("data", (first: Buffer) => {
      near.write(Buffer.concat([first, more]));
      far.pipe(near);
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const one of open) one.destroy();
    proxy.close();
  });
  return (proxy.address() as AddressInfo).port;
}

async function connects(more: Buffer): Promise<true | string> {
  const port = await lineWith(more);
  return bindsWith(ldap, "not the password", [`url=ldap://localhost:${port}`, "startTls=yes"]);
}

/** `bind` has succeeded, and what the directory says to it is a mere text within. */
const swallowing = Buffer.from("301a0201026115" + "0a0100" + "0400" + "040e", "hex");
const whole = Buffer.from("300c02010261070a010004000400", "hex");

it("nothing is put in: the password is refused by the directory itself", async () => {
  expect(await connects(Buffer.alloc(0))).toContain("LDAP result 49");
});

it.each([
  ["half a message, which the first one over TLS would end", swallowing],
  ["a whole one", whole],
  ["a single byte", Buffer.of(0x30)],
])("%s ends the connection", async (_, more) => {
  expect(await connects(more)).toContain("before TLS");
});
