// The way to the server's own database over a network: whose certificate is taken for the host that the URL names.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openPool } from "../../server/store/postgres.ts";
import { type CertificateName, type Certificates, makeCertificates } from "../attack/certificates.ts";
import { type Peer, password, startPostgres } from "./databases.ts";

let peer: Peer;
let all: Certificates;
let own: { readonly cert: Buffer; readonly key: Buffer };

beforeAll(async () => {
  peer = await startPostgres();
  all = await makeCertificates(join(peer.place.folder, "others"));
  own = { cert: readFileSync(peer.place.cert), key: readFileSync(peer.place.key) };
});
afterAll(() => peer.stop());

function use({ cert, key }: { readonly cert: Buffer; readonly key: Buffer }): void {
  writeFileSync(peer.place.cert, cert);
  writeFileSync(peer.place.key, key);
  peer.run("select pg_reload_conf()");
}

async function asked(host: string, more = "sslmode=verify-full", ca = all.caFile): Promise<string> {
  const url = `postgres://reader:${encodeURIComponent(password)}@${host}:${peer.place.port}/postgres?${more}&sslrootcert=${ca}`;
  const pool = openPool(url);
  try {
    await pool.query("select 1");
    return "answered";
  } catch (error) {
    return String((error as { code?: string }).code);
  } finally {
    await pool.end();
  }
}

it.each<[CertificateName, string, string]>([
  ["good", "127.0.0.1", "answered"],
  ["good", "localhost", "answered"],
  ["only-localhost", "127.0.0.1", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["only-localhost", "localhost", "answered"],
  ["other-name", "127.0.0.1", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["other-name", "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["expired", "127.0.0.1", "CERT_HAS_EXPIRED"],
])("a certificate that is %s, asked for %s: %s", async (name, host, seen) => {
  use(all.pairs[name]);
  // PostgreSQL takes up what was reloaded a moment later.
  await vi.waitFor(async () => expect(await asked(host)).toBe(seen), 10_000);
});

it("nothing in the URL takes the check back", async () => {
  use(own);
  await vi.waitFor(
    async () => expect(await asked("127.0.0.1", undefined, peer.place.ca)).toBe("answered"),
    10_000,
  );
  const far = "postgres://reader@db.example/x?sslmode=verify-full";
  for (const more of ["&sslmode=no-verify", "&sslmode=disable", "&host=a&host=b", "&sslmode=verify-full"])
    expect(() => openPool(far + more), more).toThrow("twice");
});
