// What is staged when the key of all secrets is replaced.

import { expect, it } from "vitest";
import { openServer } from "../../../server/identity/open-server.ts";
import { rotateData } from "../../../server/identity/rotate-data.ts";
import { checkAll } from "../../../server/identity/sealed-rows.ts";
import { importUsers } from "../../../server/import/import-users.ts";
import type { Source } from "../../../server/import/record.ts";
import { toBase32 } from "../../../words/base32.ts";
import { random, testServer } from "../fixture.ts";

it("an import goes on over a rotation of the key, and everything opens after it", async () => {
  const server = await testServer();
  const { store, vault, clock, identity } = server;
  async function* people(): Source {
    for (let line = 1; line <= 1_300; line += 1) {
      yield { line, cells: { name: `user${line}`, secret: toBase32(random.bytes(20)) } };
      if (line !== 700) continue;
      const other = await openServer(server.data, clock, random, server.postgresUrl);
      await rotateData(other, clock, random);
      await other.store.close();
    }
  }
  const wish = {
    from: "a test",
    secretEncoding: "base32",
    otherGroups: "keep",
    onlyAdmin: "refuse-all",
    otherEntries: "refuse",
  } as const;
  const report = await importUsers(
    { store, vault, random, clock, signingKey: identity.signing.privateKey },
    { ...wish, source: people(), skipBadLines: false, dryRun: false },
    { read: () => undefined, writing: () => undefined },
    () => undefined,
  );
  expect(report).toMatchObject({ done: true, applied: { added: 1_300, authenticatorsAdded: 1_300 } });
  const after = await openServer(server.data, clock, random, server.postgresUrl);
  expect(await checkAll(after.store, after.vault)).toBeGreaterThanOrEqual(1_300);
  await after.store.close();
});
