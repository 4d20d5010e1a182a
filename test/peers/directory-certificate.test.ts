// Whose certificate a directory has to show: that of the very host which is asked, be it a name or a number.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectTo } from "../../server/directory/connect.ts";
import { theDirectory } from "../../server/directory/settings.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { commandLine } from "../server/command-line.ts";
import { FakeClock, random, temporaryFolder } from "../server/fixture.ts";
import { freePort } from "./daemon.ts";
import { base, bindDn, password, startDirectory } from "./directory-server.ts";

/** Whether a server whose certificate is for `certifiedFor` gets the password when it is asked as `host`. */
async function binds(certifiedFor: string, host: string, way: "StartTLS" | "TLS"): Promise<true | string> {
  const tlsPort = await freePort();
  const ldap = await startDirectory(tlsPort, certifiedFor);
  onTestFinished(() => ldap.stop());
  const { data, call } = commandLine();
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  const url = way === "TLS" ? `ldaps://${host}:${tlsPort}` : `ldap://${host}:${ldap.place.port}`;
  const set = [`url=${url}`, ...(way === "TLS" ? [] : ["startTls=yes"])];
  const more = [`bindDn=${bindDn}`, `userBase=ou=people,${base}`];
  const ca = ["--ca-file", ldap.place.ca];
  expect(readFileSync(ldap.place.ca, "utf8")).toContain("CERTIFICATE");
  expect((await call("directory", "set", "--password-file", file, ...ca, ...set, ...more)).err).toBe("");
  const server = await openServer(data, new FakeClock(), random);
  onTestFinished(() => server.store.close());
  try {
    await (await connectTo(await theDirectory(server.store.db, server.vault))).close();
    return true;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each(["StartTLS", "TLS"] as const)("with %s", (way) => {
  it.each([
    ["IP:127.0.0.1", "127.0.0.1"],
    ["DNS:localhost", "localhost"],
  ])("a certificate for %s is good at %s", async (certifiedFor, host) => {
    expect(await binds(certifiedFor, host, way)).toBe(true);
  });

  it.each([
    ["DNS:localhost", "127.0.0.1"],
    ["IP:127.0.0.2,DNS:localhost", "127.0.0.1"],
    ["IP:127.0.0.1", "localhost"],
  ])("a certificate for %s is refused at %s, before the password is sent", async (certifiedFor, host) => {
    expect(await binds(certifiedFor, host, way)).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  });
});
