// A directory's line in wrong hands.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { connectTo } from "../../server/directory/connect.ts";
import { theDirectory } from "../../server/directory/settings.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { commandLine } from "../server/command-line.ts";
import { FakeClock, random, temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import { base, bindDn, type DirectoryServer, password, startDirectory } from "./directory-server.ts";

let ldap: DirectoryServer;
beforeEach(async () => {
  ldap = await startDirectory(await freePort());
});
afterEach(() => ldap.stop());

it("a connection that was cut is not made anew behind the sync's back, without TLS and without a bind", async () => {
  const { data, call } = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  let connections = 0;
  const open = new Set<Socket>();
  const proxy = createServer((near) => {
    connections += 1;
    const far = connect(ldap.place.port, "localhost");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => undefined);
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
    open.add(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const set = [`url=ldap://localhost:${port}`, `bindDn=${bindDn}`, `userBase=ou=people,${base}`];
  expect((await call("directory", "set", "--password-file", file, ...set)).err).toBe("");
  const server = await openServer(data, new FakeClock(), random);
  onTestFinished(() => server.store.close());
  const connection = await connectTo(await theDirectory(server.store.db, server.vault));
  for (const one of open) {
    const closed = once(one, "close");
    one.destroy();
    await closed;
  }
  const ask = async () => {
    const search = { base: `ou=people,${base}`, filter: "(uid=*)", attributes: ["uid"] };
    for await (const _ of connection.search(search));
  };
  // Whether the cut is noticed with the first request or before it.
  for (let time = 0; time < 3; time++) await expect(ask()).rejects.toThrow("the directory ldap://localhost");
  expect(connections).toBe(1);
  await connection.close();
});
