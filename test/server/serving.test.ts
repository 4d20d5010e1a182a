// The program while it runs: certificates that are replaced, an orderly end, systemd, limits.

import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, get } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";
import { manager } from "../fakes/service-manager.ts";
import { temporaryFolder } from "./fixture.ts";
import { run, serve } from "./process.ts";

const data = () => join(temporaryFolder(), "data");

async function certificate(): Promise<{ cert: string; key: string }> {
  const folder = temporaryFolder();
  await makeDevCertificate(folder, "127.0.0.1");
  return { cert: join(folder, "server.pem"), key: join(folder, "server.key") };
}

/** Puts a pair where the server reads it, as tools for certificates do: whole files, one after the other. */
function put(from: { cert: string; key: string }, to: { cert: string; key: string }): void {
  for (const which of ["cert", "key"] as const) {
    copyFileSync(from[which], `${to[which]}.new`);
    renameSync(`${to[which]}.new`, to[which]);
  }
}

/** Serial number of the certificate on the connection, and that connection. */
async function ask(
  url: string,
  agent: Agent,
): Promise<{ serial: string; socket: TLSSocket; status: number }> {
  const [response] = (await once(get(`${url}/healthz`, { agent }), "response")) as [IncomingMessage];
  const socket = response.socket as TLSSocket;
  response.resume();
  await once(response, "end");
  return { serial: socket.getPeerCertificate().serialNumber, socket, status: response.statusCode ?? 0 };
}

describe("the certificate", () => {
  it("is replaced on SIGHUP and by itself, no connection is dropped, and a bad one changes nothing", async () => {
    const [one, two] = [await certificate(), await certificate()];
    const folder = temporaryFolder();
    const live = { cert: join(folder, "chain.pem"), key: join(folder, "key.pem") };
    put(one, live);
    const server = await serve(["--data", data(), "--tls-cert", live.cert, "--tls-key", live.key]);
    const kept = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    onTestFinished(() => kept.destroy());
    const fresh = () => ask(server.url, new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 }));
    const before = await ask(server.url, kept);

    put(two, live);
    server.child.kill("SIGHUP");
    await server.logged("certificate replaced");
    const replaced = (await fresh()).serial;
    expect(replaced).not.toBe(before.serial);
    const after = await ask(server.url, kept);
    expect([after.socket, after.status]).toEqual([before.socket, 200]);

    writeFileSync(live.key, readFileSync(one.key));
    server.child.kill("SIGHUP");
    await server.logged("certificate not replaced: the old one stays");
    expect((await fresh()).serial).toBe(replaced);
    writeFileSync(live.cert, "no certificate");
    await server.logged("certificate not replaced: the old one stays", 2);
    expect((await fresh()).serial).toBe(replaced);

    put(one, live);
    await server.logged("certificate replaced", 2);
    expect((await fresh()).serial).toBe(before.serial);
    expect(server.log()).not.toContain("PRIVATE");
    server.child.kill("SIGTERM");
    expect(await once(server.child, "close")).toEqual([0, null]);
  });

  it("that can't be used at the start is told, and nothing listens", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "x"));
    const args = ["--tls-cert", join(folder, "none.pem"), "--tls-key", join(folder, "none.key")];
    await expect(serve(["--data", data(), ...args])).rejects.toThrow("none.pem can't be read: ENOENT");
  });
});

describe("an address that can't be had", () => {
  it("is named with the reason, and nothing serves", async () => {
    const server = await serve(["--data", data(), "--dev-ca"]);
    const { host } = new URL(server.url);
    const second = await run(["--data", data(), "serve", "--init", "--dev-ca", "--listen", host]);
    expect([second.code, second.err]).toEqual([
      1,
      `nightlatch-server: can't listen on ${host}: another program listens there already, perhaps this server\n`,
    ]);
  });
});

describe("the end", () => {
  it("answers what was begun, is seen coming, and takes nothing new", async () => {
    const args = ["--data", data(), "--insecure-http-loopback", "--metrics", "127.0.0.1:0"];
    const server = await serve(args);
    const { hostname, port } = new URL(server.url);
    const ready = async () => (await fetch(new URL("/readyz", server.metrics ?? ""))).status;
    expect(await ready()).toBe(200);
    expect(await (await fetch(server.metrics ?? "")).text()).toContain("nightlatch_build_info");
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    socket.write("POST /v1/join HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n{}");
    await once(socket, "connect");
    // The half request has to have arrived: what is asked after it on another connection is answered after it, too.
    await fetch(`${server.url}/healthz`);
    server.child.kill("SIGTERM");
    await server.logged("ending");
    expect(await ready()).toBe(503);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    socket.write("  ");
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(await once(server.child, "close")).toEqual([0, null]);
  });

  it("comes also when somebody never finishes", async () => {
    const server = await serve(["--data", data(), "--insecure-http-loopback"]);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write("POST /v1/join HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n{}");
    await once(socket, "connect");
    server.child.kill("SIGTERM");
    expect(await once(server.child, "close")).toEqual([0, null]);
  });
});

describe("the server's next identity", () => {
  it("is taken up by the server that runs", async () => {
    const folder = data();
    const server = await serve(["--data", folder, "--insecure-http-loopback"]);
    const { out } = await run(["--data", folder, "--json", "keys", "rotate-identity"]);
    expect(JSON.parse(out).fingerprint).not.toBe(server.fingerprint);
    await server.logged("new identity");
  });
});

describe("systemd", () => {
  it("hears when the server is ready, that it lives, and when it stops", async () => {
    const address = join(temporaryFolder(), "notify");
    const heard = await manager(address);
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: "200000" };
    const server = await serve(["--data", data(), "--insecure-http-loopback"], env);
    expect(await heard.said(4)).toEqual(["READY=1\n", "WATCHDOG=1\n", "WATCHDOG=1\n", "WATCHDOG=1\n"]);
    server.child.kill("SIGTERM");
    let last = "";
    while (last !== "STOPPING=1\n") [last = ""] = await heard.said(1);
    expect(await once(server.child, "close")).toEqual([0, null]);
  });
});

describe("an address that asks too often", () => {
  const limited = ["--insecure-http-loopback", "--requests-per-minute", "3", "--metrics", "127.0.0.1:0"];
  const asking = (url: string, forwarded?: string) =>
    fetch(`${url}/healthz`, { headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded } });

  it("is told to wait, also when it says that it is somebody else", async () => {
    const server = await serve(["--data", data(), ...limited]);
    const statuses = [];
    for (let n = 0; n < 5; n++) statuses.push((await asking(server.url, `192.0.2.${n}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const refused = await asking(server.url);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(await refused.json()).toMatchObject({ error: { code: "too-many" } });
    expect(server.log().split("too many requests")).toHaveLength(2);
    expect(await (await fetch(server.metrics ?? "")).text()).toContain("nightlatch_requests_limited_total 3");
  });

  it("is the one that a trusted proxy names", async () => {
    const server = await serve(["--data", data(), ...limited, "--trusted-proxies", "127.0.0.0/8"]);
    for (const address of ["192.0.2.1", "192.0.2.2"])
      for (const status of [200, 200, 200, 429])
        expect((await asking(server.url, address)).status).toBe(status);
  });
});
