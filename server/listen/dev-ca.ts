// A certificate authority for trying things out: made on the spot, kept in the data folder, trusted by nobody but who
// is told to. Not for production: its key lies beside the server.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../failure.ts";
import { checkOwn } from "../identity/data-folder.ts";

const run = promisify(execFile);
const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256".split(" ");
const authority = "-days 3650 -addext keyUsage=critical,keyCertSign,cRLSign".split(" ");
const leaf = "-days 365 -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth".split(
  " ",
);

export interface DevCertificate {
  readonly caPath: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The authority is kept from start to start; the server's certificate is new each time, for all its usual names. */
export async function makeDevCertificate(folder: string, host: string): Promise<DevCertificate> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  checkOwn(folder, "folder", `chmod 700 ${folder}`);
  const ca = { cert: join(folder, "ca.pem"), key: join(folder, "ca.key") };
  const server = { cert: join(folder, "server.pem"), key: join(folder, "server.key") };
  if (!existsSync(ca.cert) || !existsSync(ca.key)) {
    const to = ["-subj", "/CN=Nightlatch development CA", "-keyout", ca.key, "-out", ca.cert];
    await openssl([...request, ...authority, ...to]);
  }
  const by = ["-CA", ca.cert, "-CAkey", ca.key, "-addext", `subjectAltName=${names(host)}`];
  const to = ["-subj", "/CN=nightlatch-server", "-keyout", server.key, "-out", server.cert];
  await openssl([...request, ...leaf, ...by, ...to]);
  return { caPath: ca.cert, cert: readFileSync(server.cert), key: readFileSync(server.key) };
}

function names(host: string): string {
  const all = new Set(["localhost", "127.0.0.1", "::1", hostname(), host]);
  const usable = [...all].filter((name) => /^[A-Za-z0-9.:-]{1,64}$/.test(name));
  return usable.map((name) => (isIP(name) ? `IP:${name}` : `DNS:${name}`)).join(",");
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run("openssl", args, { timeout: 30_000 });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Failure(
      "invalid",
      missing
        ? "--dev-ca needs the openssl command (version 3); install it, or give --tls-cert and --tls-key"
        : "openssl could not make the development certificate; give --tls-cert and --tls-key instead",
    );
  }
}
