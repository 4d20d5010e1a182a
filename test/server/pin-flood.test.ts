// Many sign-ins with PINs at once: each costs a hash, and nothing else waits for all of them.

import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { temporaryFolder, type TestServer, testServer, totpAt } from "./fixture.ts";
import { parse, type TestMachine } from "./machine.ts";
import { setPin } from "./pins.ts";

let server: TestServer;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  await server.policy("pin.place=after", "lockout.failures=0");
  secret = await server.userWithTotp("alice");
  await setPin(server, "alice", "9946");
});

const machines = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, at) => server.machine(`machine-${at}`)));

it("a file is read long before the last of them is judged", async () => {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, "text");
  const order: string[] = [];
  const flood = (await machines(24)).map(async (machine, at) => {
    expect((await machine.verify(`user-${at}`, ["1234567890"])).verdict).toBe("denied");
    order.push("sign-in");
  });
  await Promise.race(flood);
  await readFile(path);
  order.push("file");
  await Promise.all(flood);
  expect(order).toHaveLength(25);
  expect(order.indexOf("file")).toBeLessThan(12);
});

it("a request that was given up while it waited is not carried out, and may come again", async () => {
  const all = await machines(7);
  const [waiting] = all.splice(-1) as [TestMachine];
  const flood = all.map((machine, at) => machine.verify(`user-${at}`, ["1234567890"]));
  const body = Buffer.from(
    JSON.stringify(waiting.verifyRequest("alice", [`${totpAt(secret, server.clock.nowMs)}9946`])),
  );
  const gone = new AbortController();
  const headers = waiting.sign("/v1/verify", body);
  const sent = server.fetch(
    new Request(`${waiting.origin}/v1/verify`, {
      method: "POST",
      body,
      headers: { ...headers },
      signal: gone.signal,
    }),
  );
  gone.abort();
  const answer = await sent;
  expect(answer.status).toBe(503);
  await Promise.all(flood);
  const again = await waiting.sendBytes("/v1/verify", body);
  expect(again.status).toBe(200);
  expect(parse(again)).toMatchObject({ result: { verdict: "granted" } });
});
