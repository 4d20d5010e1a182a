// Bodies over a real connection, longer than a machine's request may be, whatever they say of their length.

import { once } from "node:events";
import { connect } from "node:net";
import { pino } from "pino";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { exchanges, maxRequestBytes } from "../../protocol/sync/exchanges.ts";
import { makeApp } from "../../server/api/app.ts";
import { listen } from "../../server/listen/listen.ts";
import { random, testServer } from "./fixture.ts";

let port: number;
beforeEach(async () => {
  const server = await testServer();
  const app = makeApp({ ...server, random, log: pino({ level: "silent" }), syncMinutes: 60 });
  const listening = await listen(
    (asked, env) => app.fetch(asked, env),
    { host: "127.0.0.1", port: 0 },
    undefined,
  );
  onTestFinished(() => listening.close(AbortSignal.abort()));
  port = listening.address.port;
});

/** The status line of what is answered to these headers, before anything of a body or after it. */
async function answerTo(headers: readonly string[], body = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const begin = [`POST ${exchanges.sync.path} HTTP/1.1`, "host: x", ...headers, "", ""].join("\r\n");
  socket.on("error", () => undefined);
  socket.write(begin + body);
  const [first] = await once(socket, "data");
  return String(first).split("\r\n")[0] ?? "";
}

describe("a body longer than a request may be", () => {
  it("is refused by the length that it says, before any of it is there", async () => {
    expect(await answerTo([`content-length: ${maxRequestBytes + 1}`])).toBe("HTTP/1.1 413 Payload Too Large");
  });

  it("is refused while it comes in chunks", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const all = chunk.repeat(maxRequestBytes / 0x10000 + 1);
    expect(await answerTo(["transfer-encoding: chunked"], all)).toBe("HTTP/1.1 413 Payload Too Large");
  });

  it.each([
    ["a length and chunks at once", ["content-length: 5", "transfer-encoding: chunked"]],
    ["two lengths", ["content-length: 5", "content-length: 9999999"]],
    ["a length that is no number", ["content-length: 5e9"]],
    ["a length below nothing", ["content-length: -5"]],
  ])("gets nowhere with %s", async (_, headers) => {
    expect(await answerTo(headers, "0\r\n\r\n")).toBe("HTTP/1.1 400 Bad Request");
  });
});

it("a body that is as long as it may be is read, and refused for having no signature", async () => {
  const answer = await answerTo([`content-length: ${maxRequestBytes}`], "x".repeat(maxRequestBytes));
  expect(answer).toBe("HTTP/1.1 401 Unauthorized");
});
