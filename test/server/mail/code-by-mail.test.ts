// From a machine's wish to the mailbox and back to the verdict: real processes for all but the person.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../platform/clock.ts";
import { systemRandom } from "../../../platform/random.ts";
import { loadSodium } from "../../../protocol/crypto/sodium.ts";
import { commandLineAt } from "../command-line.ts";
import { temporaryFolder } from "../fixture.ts";
import { TestMachine } from "../machine.ts";
import { serve } from "../process.ts";
import { type MailPeer, mailPeer, readable } from "./post.ts";

async function office(peer: MailPeer) {
  await loadSodium();
  const data = join(temporaryFolder(), "data");
  const { call } = commandLineAt(systemClock, data);
  const cli = async (...args: string[]) => {
    const ran = await call("--json", ...args);
    if (ran.code !== 0) throw new Error(ran.err);
    return ran.out;
  };
  await cli("policy", "set", "online.factors=email");
  await cli("user", "add", "alice");
  await cli("user", "address", "set", "alice", "1", "alice@example.org");
  const way = ["--host", "127.0.0.1", "--port", String(peer.port), "--security", "none"];
  await cli("mail", "set", ...way, "--from", "n@corp.example");
  const { token } = JSON.parse(await cli("join-token", "create"));
  const server = await serve(["--data", data, "--insecure-http-loopback"]);
  const laptop = new TestMachine((request) => fetch(request), systemClock, "laptop");
  laptop.origin = server.url;
  await laptop.join(token);
  const dialogue = systemRandom.bytes(16).toBase64();
  const {
    sealedAnswers: _sealed,
    spent: _spent,
    ...wish
  } = laptop.verifyRequest("alice", ["-"], { dialogue });
  const send = () => laptop.ask("sendCode", { ...wish, types: ["email"], language: "pl" });
  return { cli, server, laptop, dialogue, send };
}

describe("a code by mail", () => {
  it("arrives in the person's language, and lets in; no code is in any log", async () => {
    const peer = await mailPeer({});
    const { server, laptop, dialogue, send, cli } = await office(peer);
    expect((await send()).to).toBeNull();
    const [mail] = await peer.until(({ event }) => event === "mail");
    const text = readable(mail?.raw ?? "");
    expect(text).toContain("Twój kod do zalogowania się na laptop:");
    const code = /^ +(\d{8})\r$/m.exec(text)?.[1] ?? "";
    expect(await laptop.verify("alice", [code], { dialogue })).toMatchObject({ verdict: "granted" });
    const told = server.log() + (await cli("audit")) + (await cli("mail", "queue", "list"));
    expect(told).not.toContain(code);
  });

  it("is promised at once by a server whose mail server never says a word", async () => {
    const peer = await mailPeer({ behaviour: "silent" });
    const { send, cli } = await office(peer);
    expect((await send()).to).toBeNull();
    expect(JSON.parse(await cli("mail", "queue", "list"))).toMatchObject([
      { state: "waiting", about: "code" },
    ]);
  });
});
