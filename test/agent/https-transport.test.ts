// The agent's HTTPS against real TLS servers: what a certificate's fault is called, and what goes out without one.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { httpsTransport } from "../../agent/platform/https-transport.ts";
import { Secret } from "../../words/secret.ts";
import { type CertificateName, type Certificates, makeCertificates } from "../attack/certificates.ts";

let certificates: Certificates;

const folder = mkdtempSync(join(tmpdir(), "nl-"));

beforeAll(async () => {
  certificates = await makeCertificates(join(folder, "certificates"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function stage(certificate: CertificateName) {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer(certificates.pairs[certificate], (request, response) => {
    heard.push(request.headers);
    response.end("{}");
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const transport = httpsTransport({
    ca: readFileSync(certificates.caFile, "utf8"),
    proxy: undefined,
    headers: { "x-gateway": new Secret("gateway-secret") },
    development: false,
  });
  onTestFinished(async () => {
    transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v1/probe`);
  const stop = new AbortController().signal;
  const ask = (by: Pick<typeof transport, "post">) =>
    by.post(url, { signature: "s" }, Buffer.from("{}"), 100, stop).then(
      ({ status }) => status,
      (error: { weather?: string }) => error.weather,
    );
  return { transport, heard, ask };
}

test.each([
  ["good", 200],
  ["expired", "certificate-dated"],
  ["stranger", "certificate-refused"],
  ["other-name", "certificate-refused"],
  ["only-localhost", "certificate-refused"],
] as const)("a certificate that is %s: %s", async (certificate, seen) => {
  const { transport, heard, ask } = await stage(certificate);
  expect(await ask(transport)).toBe(seen);
  expect(heard).toHaveLength(seen === 200 ? 1 : 0);
});

test("without a certificate that holds, the request goes out without the configured headers", async () => {
  for (const certificate of ["expired", "stranger"] as const) {
    const { transport, heard, ask } = await stage(certificate);
    expect(await ask(transport.unverified)).toBe(200);
    expect(JSON.stringify(heard)).not.toContain("gateway");
    expect(heard[0]).toMatchObject({ signature: "s", "content-type": "application/json" });
  }
});

test("the configured headers go out where the certificate holds", async () => {
  const { transport, heard, ask } = await stage("good");
  await ask(transport);
  expect(heard[0]?.["x-gateway"]).toBe("gateway-secret");
});

test("a request whose kept connection breaks is sent once more, the very same, even if it had been taken", async () => {
  const bodies: string[] = [];
  const server = createServer(certificates.pairs.good, (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(body);
      // As a proxy or a server that is ended in the middle of it: the work is done, the answer never leaves.
      if (body === "second" && bodies.length === 2) request.socket.destroy();
      else response.end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ca = readFileSync(certificates.caFile, "utf8");
  const transport = httpsTransport({ ca, proxy: undefined, headers: {}, development: false });
  onTestFinished(async () => {
    transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v1/probe`);
  const stop = new AbortController().signal;
  for (const body of ["first", "second"])
    expect((await transport.post(url, {}, Buffer.from(body), 100, stop)).status).toBe(200);
  expect(bodies).toEqual(["first", "second", "second"]);
});
