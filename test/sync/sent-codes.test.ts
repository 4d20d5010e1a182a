// Sign-ins with a code that the server sends, from the prompt to the verdict, in any weather.

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemRandom } from "../../platform/random.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { newestCode, queued } from "../server/mail/queued.ts";
import { fine, House, said, silence, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.admin("mail", "set", "--host", "127.0.0.1", "--security", "none", "--from", "n@corp.example");
  await house.admin("user", "address", "set", "alice", "1", "alice@example.org");
});

afterEach(() => house.tearDown());

async function asks(factors: string): Promise<void> {
  await house.admin("policy", "set", `online.factors=${factors}`, "offline.factors=totp");
  await house.join();
}

async function atServer<T>(work: (server: Awaited<ReturnType<typeof openServer>>) => Promise<T>): Promise<T> {
  const server = await openServer(join(house.folder, "server"), house.clock, systemRandom);
  try {
    return await work(server);
  } finally {
    await server.store.close();
  }
}
const code = () => atServer(newestCode);
const mails = async () => (await atServer(queued)).length;
const unknown = "Code that was sent to you, if you can get one: ";

describe("where it is all that is asked for", () => {
  beforeEach(() => asks("email"));

  test("it is sent before the prompt; once enrolled, the prompt says where to", async () => {
    const first = await house.agent.signIn("alice", [code]);
    expect(said(first)).toBe("granted online by email");
    expect(first.asked).toEqual([unknown]);
    await house.clock.advance(1_000);
    const second = await house.agent.signIn("alice", [code]);
    expect(said(second)).toBe("granted online by email");
    expect(second.asked).toEqual(["Code that was sent to a***@e***.org: "]);
  });

  test("an unknown user, one without an address and a wrong code end alike", async () => {
    await house.user("bob");
    const wrong = await house.agent.signIn("alice", ["00000000"]);
    expect(said(wrong)).toBe("denied");
    expect(await house.agent.signIn("bob", ["00000000"])).toEqual(wrong);
    expect(await house.agent.signIn("nobody", ["00000000"])).toEqual(wrong);
    expect(await mails()).toBe(1);
  });

  test("a code of another sign-in is wrong", async () => {
    await house.agent.signIn("alice", ["00000000"]);
    const before = await code();
    await house.clock.advance(1_000);
    expect(said(await house.agent.signIn("alice", [before]))).toBe("denied");
  });

  test("with the server out of reach the offline questions are asked, and nothing is sent", async () => {
    await house.agent.signIn("alice", [code]);
    const sent = await mails();
    house.line = storm("unreachable");
    const outcome = await house.agent.signIn("alice", [alice.code()]);
    expect(said(outcome)).toBe("granted offline by totp");
    expect(outcome.asked).toEqual(["One-time code: "]);
    expect(await mails()).toBe(sent);
  });

  test("a server that goes while it is asked for the code costs the budget, then the offline questions follow", async () => {
    await house.agent.signIn("alice", [code]);
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/send-code" ? silence(sent, pass, stop) : fine(sent, pass, stop);
    const signingIn = house.agent.signIn("alice", [() => alice.code()]);
    await house.clock.advance(5_000);
    const outcome = await signingIn;
    expect(said(outcome)).toBe("granted offline by totp");
    expect(outcome.asked).toEqual(["One-time code: "]);
  });

  test("a server that goes after the code was sent costs the code: the offline questions are asked", async () => {
    await house.agent.signIn("alice", [code]);
    await house.clock.advance(1_000);
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/verify" ? storm("unreachable")(sent, pass, stop) : fine(sent, pass, stop);
    const outcome = await house.agent.signIn("alice", [code, alice.code()]);
    expect(said(outcome)).toBe("granted offline by totp");
    expect(outcome.asked).toEqual(["Code that was sent to a***@e***.org: ", "One-time code: "]);
  });

  test("a machine that was revoked meanwhile hears of it", async () => {
    await house.agent.signIn("alice", [code]);
    await house.admin("machine", "revoke", "laptop");
    const outcome = await house.agent.signIn("alice", []);
    expect(said(outcome)).toBe("unavailable");
    expect(outcome.asked).toEqual([]);
  });
});

describe("where something else does as well", () => {
  beforeEach(() => asks("totp/email"));

  test("the prompt says how to get one, and none is sent unless asked for", async () => {
    const outcome = await house.agent.signIn("alice", [alice.code()]);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.asked).toEqual(["One-time code (nothing: get one by e-mail): "]);
    expect(await mails()).toBe(0);
  });

  test("an empty answer has one sent", async () => {
    const outcome = await house.agent.signIn("alice", ["", code]);
    expect(said(outcome)).toBe("granted online by email");
    expect(outcome.asked).toEqual(["One-time code (nothing: get one by e-mail): ", unknown]);
    expect(await mails()).toBe(1);
  });

  test("an empty answer with the server gone leads to the offline questions", async () => {
    await house.agent.signIn("alice", ["", code]);
    await house.clock.advance(30_000);
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/send-code" ? storm("unreachable")(sent, pass, stop) : fine(sent, pass, stop);
    const outcome = await house.agent.signIn("alice", ["", alice.code()]);
    expect(said(outcome)).toBe("granted offline by totp");
  });
});

describe("after another question", () => {
  beforeEach(() => asks("totp,email"));

  test("it is sent when its turn has come, and both are judged together", async () => {
    const outcome = await house.agent.signIn("alice", [alice.code(), code]);
    expect(said(outcome)).toBe("granted online by totp+email");
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", ["000000", code]))).toBe("denied");
  });

  test("the person who gives up at the first is sent nothing", async () => {
    await expect(house.agent.signIn("alice", [])).rejects.toThrow("gave up");
    expect(await mails()).toBe(0);
  });

  test("out of reach in between, the answer to the same first question is kept", async () => {
    await house.agent.signIn("alice", [alice.code(), code]);
    await house.clock.advance(30_000);
    house.line = (sent, pass, stop) =>
      sent.path === "/v1/send-code" ? storm("unreachable")(sent, pass, stop) : fine(sent, pass, stop);
    const outcome = await house.agent.signIn("alice", [alice.code()]);
    expect(said(outcome)).toBe("granted offline by totp");
    expect(outcome.asked).toEqual(["One-time code: "]);
  });
});
