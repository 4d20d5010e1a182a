// Whose certificate a directory has to show: that of the very host which is asked, be it a name or a number.

import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "./daemon.ts";
import { bindsWith } from "./directory-bind.ts";
import { password, startDirectory } from "./directory-server.ts";

/** Whether a server whose certificate is for `certifiedFor` gets the password when it is asked as `host`. */
async function binds(certifiedFor: string, host: string, way: "StartTLS" | "TLS"): Promise<true | string> {
  const tlsPort = await freePort();
  const ldap = await startDirectory(tlsPort, certifiedFor);
  onTestFinished(() => ldap.stop());
  const url = way === "TLS" ? `ldaps://${host}:${tlsPort}` : `ldap://${host}:${ldap.place.port}`;
  expect(readFileSync(ldap.place.ca, "utf8")).toContain("CERTIFICATE");
  return bindsWith(ldap, password, [`url=${url}`, ...(way === "TLS" ? [] : ["startTls=yes"])]);
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
