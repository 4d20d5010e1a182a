// Every route is asked for everything that its description says it answers: what comes is described, and what is described
// comes.

import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { deriveIdentity, identitySeeds, publicIdentity, rotationProof } from "../../protocol/crypto/keys.ts";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import { type ExchangeName, exchanges } from "../../protocol/sync/exchanges.ts";
import { recoveryProof } from "../../protocol/sync/join-token.ts";
import { type AppParts, makeApp } from "../../server/api/app.ts";
import { openApiDocument } from "../../server/api/open-api.ts";
import { rotateIdentity } from "../../server/identity/server-keys.ts";
import { admitting } from "../../server/listen/admit.ts";
import { ClientAddresses } from "../../server/listen/client-address.ts";
import { RequestLimit } from "../../server/listen/request-limit.ts";
import { recoveryKeyOf } from "../../server/machines/recovery-key.ts";
import { Health } from "../../server/monitoring/health.ts";
import { Metrics } from "../../server/monitoring/metrics.ts";
import { random, type TestServer, testServer, totpAt } from "./fixture.ts";
import { faultsOf } from "./json-schema.ts";
import { TestMachine } from "./machine.ts";

interface Described {
  readonly responses: Record<
    string,
    { readonly content: { readonly "application/json": { readonly schema: Record<string, unknown> } } }
  >;
}
const { paths } = openApiDocument() as { paths: Record<string, Record<string, Described>> };
const operation = (path: string, method: string) => paths[path]?.[method];
const names = Object.keys(exchanges) as ExchangeName[];

let server: TestServer;
let secret: Uint8Array;
let laptop: TestMachine;

beforeEach(async () => {
  server = await testServer();
  secret = await server.userWithTotp("alice");
  await server.policy("seeds=per-machine");
  laptop = await server.machine();
});

const log = pino({ level: "silent" });
const appWith = (parts: Partial<AppParts>) => makeApp({ ...server, random, log, syncMinutes: 60, ...parts });

/** The next code of alice, never one that has been used. */
function code(): string {
  server.clock.pass(30_000);
  return totpAt(secret, server.clock.nowMs);
}

/** A request as the exchange wants it, and who signs it. */
async function question(name: ExchangeName): Promise<{ by: TestMachine; body: object }> {
  const fresh = new TestMachine(laptop.fetch, laptop.clock, "fresh");
  switch (name) {
    case "join":
      return { by: fresh, body: fresh.joinRequest(await server.token()) };
    case "recover":
      return { by: fresh, body: await recoverRequest(fresh) };
    case "probe":
      return { by: laptop, body: laptop.asking() };
    case "challenge":
      return {
        by: laptop,
        body: { ...laptop.asking(), dialogue: random.bytes(16).toBase64(), user: "alice", caller: "system" },
      };
    case "verify":
      return { by: laptop, body: laptop.verifyRequest("alice", [code()]) };
    case "sendCode": {
      const { sealedAnswers: _, spent: __, ...wish } = laptop.verifyRequest("alice", ["-"]);
      return { by: laptop, body: { ...wish, types: ["email"], language: "en" } };
    }
    case "enrol":
    case "provide": {
      const granted = laptop.verifyRequest("alice", [code()]);
      await laptop.ask("verify", granted);
      const { dialogue } = granted;
      const step = name === "provide" ? { step: { do: "show-seed" } } : {};
      return { by: laptop, body: { ...laptop.asking(), dialogue, ...step } };
    }
    case "sync":
      laptop.event("sign-in-granted", { user: "alice", offline: true, method: "totp" });
      return { by: laptop, body: laptop.syncRequest() };
    case "rotate": {
      const next = deriveIdentity(random.bytes(32));
      const { signingKey, boxKey } = publicIdentity(next);
      const proof = rotationProof(laptop.id, laptop.identity.signing.publicKey, next).toBase64();
      const keys = { signingKey: signingKey.toBase64(), boxKey: boxKey.toBase64(), proof };
      return { by: laptop, body: { ...laptop.asking(), ...keys, enrolments: laptop.enrolments } };
    }
  }
}

async function recoverRequest(fresh: TestMachine): Promise<object> {
  const { signingKey, boxKey } = publicIdentity(fresh.identity);
  const row = { id: laptop.id, signingKey: publicIdentity(laptop.identity).signingKey.toBase64() };
  const key = recoveryKeyOf(server.vault, row);
  const { revokedThrough: _, spent: __, ...signIn } = laptop.verifyRequest("alice", [code()]);
  return {
    ...signIn,
    ...fresh.about(),
    sequence: 1,
    oldMachine: laptop.id,
    proof: recoveryProof(key, laptop.id, signingKey, boxKey).toBase64(),
    loss: "key-lost",
    signingKey: signingKey.toBase64(),
    boxKey: boxKey.toBase64(),
    sealedAnswers: sealTo(server.identity.box.publicKey, Buffer.from(JSON.stringify([code()]))).toBase64(),
  };
}

/** The status, once the answer has been found to be as described for it. */
async function answered(path: string, method: string, response: Response): Promise<number> {
  const { status } = response;
  const described = operation(path, method)?.responses[status];
  expect(described, `${method} ${path} answers ${status}`).toBeDefined();
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  const schema = described?.content["application/json"].schema ?? {};
  expect(faultsOf(schema, await response.json()), `${method} ${path} ${status}`).toEqual([]);
  return status;
}

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;

/** Signed by whoever asks, over whatever body; `fetch` is the server, or one that something is wrong with. */
async function ask(
  name: ExchangeName,
  { by, body }: { by: TestMachine; body: object | string },
  fetch: Fetch = server.fetch,
  signal: AbortSignal | null = null,
): Promise<number> {
  const { path } = exchanges[name];
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
  const headers = { ...by.sign(path, bytes) };
  const request = new Request(`http://localhost${path}`, { method: "POST", body: bytes, headers, signal });
  return answered(path, "post", await fetch(request));
}

const broken = () => Promise.reject(new Error("the database is gone"));

/** One for each thing that can go wrong; undefined where it can't. */
const wrong: Readonly<Record<string, (name: ExchangeName) => Promise<number>>> = {
  malformed: async (name) => ask(name, { ...(await question(name)), body: "{}" }),
  unsigned: async (name) => {
    const { path } = exchanges[name];
    const request = new Request(`http://localhost${path}`, { method: "POST", body: "{}" });
    return answered(path, "post", await server.fetch(request));
  },
  "with a token that is none": async (name) => {
    const { by, body } = await question(name);
    return ask(name, { by, body: "tokenId" in body ? { ...body, tokenId: "0".repeat(32) } : body });
  },
  repeated: async (name) => {
    const asked = await question(name);
    await ask(name, asked);
    return ask(name, asked);
  },
  "too large": async (name) => ask(name, { ...(await question(name)), body: "x".repeat(1_048_577) }),
  "one too many": async (name) => {
    const parts = {
      limit: new RequestLimit(server.clock, 1),
      addresses: new ClientAddresses([]),
      metrics: new Metrics(
        server.store,
        server.clock,
        () => undefined,
        () => false,
      ),
      log,
    };
    const asked = await question(name);
    const fetch = admitting(server.fetch, parts);
    await fetch(new Request("http://localhost/healthz"));
    return ask(name, asked, fetch);
  },
  "to a server whose database fails": async (name) => {
    const asked = await question(name);
    const app = appWith({ store: { ...server.store, write: broken, exchange: broken } });
    return ask(name, asked, (request) => app.fetch(request));
  },
  "and given up": async (name) => {
    const asked = await question(name);
    const gone = new AbortController();
    // As the first thing after the body has been read.
    const store = Object.create(server.store, {
      db: {
        get() {
          gone.abort();
          return server.store.db;
        },
      },
    });
    const app = appWith({ store });
    return ask(name, asked, (request) => app.fetch(request), gone.signal);
  },
};

describe.each(names)("%s", (name) => {
  it("answers what is described for it, and all of it", async () => {
    const seen = new Set([await ask(name, await question(name))]);
    for (const provoke of Object.values(wrong)) {
      // A machine that was recovered, or has other keys, is nobody to ask by any more.
      laptop = await server.machine();
      seen.add(await provoke(name));
    }
    const { path } = exchanges[name];
    expect([...seen].map(String).toSorted()).toEqual(
      Object.keys(operation(path, "post")?.responses ?? {}).toSorted(),
    );
  });

  it("is described with all that it brings", async () => {
    // What is rarely in an answer: a bundle, a policy, a revocation, the server's next keys.
    await laptop.enrolledVerify("alice", [code()]);
    await server.policy("offline.days=3");
    const seeds = identitySeeds(random.bytes(32));
    await server.store.write((tx) => rotateIdentity(tx, server.vault, seeds, 0, server.clock.nowMs));
    await server.identity.refresh(server.store.db, server.vault);
    laptop.serverSigningKey = server.identity.signing.publicKey;
    expect(await ask(name, await question(name))).toBe(200);
  });
});

describe("what anybody may ask", () => {
  it("is answered as described", async () => {
    for (const path of ["/healthz", "/readyz", "/openapi.json"]) {
      const response = await server.fetch(new Request(`http://localhost${path}`));
      expect(await answered(path, "get", response)).toBe(200);
    }
    const health = new Health(server.store);
    health.end();
    const app = appWith({ health });
    const ending = await app.fetch(new Request("http://localhost/readyz"));
    expect(await answered("/readyz", "get", ending)).toBe(503);
  });

  it("is nothing else: every other method is refused", async () => {
    for (const [path, methods] of Object.entries(paths))
      for (const method of ["get", "post", "put", "patch", "delete"])
        if (!Object.hasOwn(methods, method)) {
          const response = await server.fetch(
            new Request(`http://localhost${path}`, { method: method.toUpperCase() }),
          );
          expect([method, path, response.status]).toEqual([method, path, 404]);
        }
  });
});
