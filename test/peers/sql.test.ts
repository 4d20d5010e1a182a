// `import sql` out of real databases.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";
import { toBase32 } from "../../words/base32.ts";
import { makeCertificates } from "../attack/certificates.ts";
import { commandLine } from "../server/command-line.ts";
import { temporaryFolder } from "../server/fixture.ts";
import { type Peer, password, startMariaDb, startPostgres } from "./databases.ts";

const secret = toBase32(new Uint8Array(20).fill(9));

const people = `
create table people (login varchar(100), full_name varchar(100), active boolean, dept varchar(100), token text);
insert into people values ('alice', 'Алиса 😀', true, 'staff', '${secret}'), ('bob', null, false, null, null);`;

describe.each([
  { name: "PostgreSQL", start: startPostgres, quote: '"', schema: "", other: "hr.none" },
  { name: "MariaDB", start: startMariaDb, quote: "`", schema: "hr.", other: "hr.none" },
])("$name", ({ name, start, quote, schema }) => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await start();
    peer.run(`${schema === "" ? "" : "use hr;"} ${people}`);
  });
  afterAll(() => peer.stop());

  const query = `select login as name, full_name as ${quote}displayName${quote}, dept as ${quote}groups${quote}, not active as disabled, token as secret from people order by login`;

  function site() {
    const line = commandLine();
    const file = join(temporaryFolder(), "password");
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    const from = ["import", "sql", "--from", peer.url, "--password-file", file];
    return { ...line, file, from };
  }

  it("gives users, the same ones when asked again", async () => {
    const { json, from } = site();
    const told = await json(...from, "--query", `${query};`);
    expect(told).toMatchObject({
      imported: true,
      rows: 2,
      added: 2,
      authenticatorsAdded: 1,
      groupsJoined: 1,
    });
    expect(await json("user", "list")).toMatchObject([
      { name: "alice", displayName: "Алиса 😀", groups: ["staff"], authenticators: 1, disabled: false },
      { name: "bob", displayName: "", groups: [], disabled: true },
    ]);
    expect(await json(...from, "--query", query)).toMatchObject({ unchanged: 2, added: 0, changed: 0 });
    const entry = (await json("audit")).find((one: { kind: string }) => one.kind === "users-imported");
    expect(entry.detail.from).toBe(`${name === "MariaDB" ? "mysql" : "postgres"} at localhost`);
  });

  it("is asked over TLS, with its certificate checked", async () => {
    const { json, call, from } = site();
    const ca = ["--ca-file", peer.place.ca];
    expect(await json(...from, ...ca, "--query", query)).toMatchObject({ added: 2 });
    const { caPath } = await makeDevCertificate(join(temporaryFolder(), "tls"), "localhost");
    const refused = await call(...from, "--ca-file", caPath, "--query", query);
    expect([refused.code, refused.out]).toEqual([1, ""]);
    expect(refused.err).toMatch(
      /(SELF_SIGNED|UNABLE_TO|HANDSHAKE).*; its certificate is not trusted: .* --ca-file/,
    );
  });

  it("is not asked where the certificate is another host's, though the authority is right", async () => {
    const { call, from } = site();
    const { place } = peer;
    const [cert, key] = [readFileSync(place.cert), readFileSync(place.key)];
    const reload = name === "MariaDB" ? "flush ssl" : "select pg_reload_conf()";
    const { caFile, pairs } = await makeCertificates(join(temporaryFolder(), "certificates"));
    const use = (pair: { readonly cert: Buffer; readonly key: Buffer }) => {
      writeFileSync(place.cert, pair.cert);
      writeFileSync(place.key, pair.key);
      peer.run(reload);
    };
    use(pairs.good);
    // PostgreSQL takes up what was reloaded a moment later.
    await vi.waitFor(async () => {
      const seen = await call(...from, "--ca-file", caFile, "--query", query, "--dry-run");
      expect(seen.code).toBe(0);
    }, 10_000);
    use(pairs["other-name"]);
    await vi.waitFor(async () => {
      const refused = await call(...from, "--ca-file", caFile, "--query", query, "--dry-run");
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/ALTNAME|HANDSHAKE/)]);
    }, 10_000);
    use({ cert, key });
    await vi.waitFor(async () => {
      const seen = await call(...from, "--ca-file", place.ca, "--query", query, "--dry-run");
      expect(seen.code).toBe(0);
    }, 10_000);
  });

  it("takes the password from the environment, and never from the command line", async () => {
    const { call, environment } = site();
    const bare = ["import", "sql", "--from", peer.url, "--query", query];
    const denied = await call(...bare);
    expect(denied.code).toBe(1);
    environment["NIGHTLATCH_IMPORT_PASSWORD"] = password;
    expect((await call(...bare)).code).toBe(0);
    const inUrl = await call("import", "sql", "--from", peer.url.replace("@", ":pw@"), "--query", query);
    expect(inUrl.err).toContain("a password in a URL is seen by everybody");
  });

  it("does not take a password from a file that others can read", async () => {
    const { call, from, file } = site();
    chmodSync(file, 0o644);
    expect((await call(...from, "--query", query)).err).toContain("is open to other users");
  });

  it.each([
    "delete from people",
    "select 1; delete from people",
    "select no_such_column from people",
    "selec",
  ])("is changed by nothing: %s", async (sql) => {
    const { call, from } = site();
    peer.run(
      `${schema === "" ? "" : "use hr;"} grant ${schema === "" ? "all on people to reader" : "all on hr.* to reader@'%'"}`,
    );
    expect((await call(...from, "--query", sql)).code).toBe(1);
    const { json } = site();
    expect(await json(...from, "--query", query)).toMatchObject({ rows: 2 });
  });

  it("says nothing of what stands in a row", async () => {
    const { call, from } = site();
    const { code, out, err } = await call(
      ...from,
      "--query",
      "select token as name, login as secret from people where login = 'alice'",
    );
    expect(code).toBe(1);
    expect(err).toContain("line 1, secret: a secret has 10 to 64 bytes");
    expect(out + err).not.toContain(secret);
  });

  it("gives a hundred thousand rows, one after the other", async () => {
    const { json, from } = site();
    const many =
      name === "PostgreSQL"
        ? "select 'user' || n as name, 'staff' as groups from generate_series(1, 100000) as n"
        : "select concat('user', seq) as name, 'staff' as `groups` from seq_1_to_100000";
    expect(await json(...from, "--dry-run", "--query", many)).toMatchObject({
      rows: 100_000,
      added: 100_000,
    });
  });
});

describe("what does not come along", () => {
  it.each([
    ["mssql", "tedious"],
    ["oracle", "oracledb"],
  ])("%s: says which package to install", async (kind, driver) => {
    const { call } = commandLine();
    const { code, err } = await call(
      "import",
      "sql",
      "--from",
      `${kind}://reader@localhost/hr`,
      "--query",
      "select 1",
    );
    expect(code).toBe(1);
    expect(err).toContain(`needs the package ${driver}`);
  });

  it("is a MySQL server by its address, over TLS: its certificate could be anybody's", async () => {
    const { call } = commandLine();
    const at = ["import", "sql", "--from", "mysql://reader@192.0.2.7/hr", "--query", "select 1"];
    expect((await call(...at)).err).toContain("write the host's name");
  });

  it("can't reach a server that is not there, and says so", async () => {
    const said = async (from: string) =>
      (await commandLine().call("import", "sql", "--from", from, "--query", "select 1")).err;
    expect(await said("postgres://reader@localhost:1/hr")).toBe(
      "nightlatch-server: postgres at localhost: ECONNREFUSED; nothing answers there: look at host and port in --from\n",
    );
    expect(await said("postgres://reader@nowhere.invalid/hr")).toMatch(
      /: (ENOTFOUND|EAI_AGAIN); there is no such host: look at --from\n$/,
    );
  });
});
