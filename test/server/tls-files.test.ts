// Files that are put in place of certificate and key: whatever lies there, the old pair serves until there is a better one.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { pino } from "pino";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { makeDevCertificate } from "../../server/listen/dev-ca.ts";
import { listen } from "../../server/listen/listen.ts";
import { TlsFiles } from "../../server/listen/tls-files.ts";
import { dayMs } from "../../words/clock.ts";
import { FakeClock, temporaryFolder } from "./fixture.ts";
import { serve } from "./process.ts";

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

async function makePair(): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), "nl-tls-"));
  try {
    return await makeDevCertificate(folder, "127.0.0.1");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let one: Pair;
let two: Pair;
beforeAll(async () => {
  one = await makePair();
  two = await makePair();
});

/** Certificate and key in a folder of their own, in use. */
function inUse() {
  const folder = join(temporaryFolder(), "tls");
  mkdirSync(folder);
  const [cert, key] = [join(folder, "chain.pem"), join(folder, "key.pem")];
  writeFileSync(cert, one.cert);
  writeFileSync(key, one.key);
  const lines: { level: number; msg: string; why?: string }[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const clock = new FakeClock();
  clock.nowMs = systemClock.wallMs();
  const log = pino(sink);
  return { folder, cert, key, lines, clock, log, files: new TlsFiles(cert, key, clock, log) };
}

function inPlaceOf(path: string, put: () => void): void {
  rmSync(path, { recursive: true, force: true });
  put();
}

const makePipe = (path: string) => void execFileSync("mkfifo", [path]);

function encrypt(key: string): void {
  const args = "pkey -aes256 -passout pass:x -in".split(" ");
  execFileSync("openssl", [...args, key, "-out", `${key}.new`]);
  renameSync(`${key}.new`, key);
}

/** What it says of `text` is refused, the old pair is in use, and there is one line, however often it is looked at. */
function isRefused({ files, lines }: ReturnType<typeof inUse>, why: RegExp): void {
  for (let time = 0; time < 3; time++) expect(files.reload()).toBe(false);
  expect([files.tls.cert, files.tls.key]).toEqual([one.cert, one.key]);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [50, "certificate not replaced: the old one stays"],
  ]);
  expect(lines[0]?.why).toMatch(why);
}

describe("what is refused when it is put in place of the pair in use", () => {
  it.each<[string, RegExp, (at: ReturnType<typeof inUse>) => void]>([
    ["the certificate of another key", /go together/, ({ cert }) => writeFileSync(cert, two.cert)],
    ["another key", /go together/, ({ key }) => writeFileSync(key, two.key)],
    ["nothing", /can't be read: ENOENT/, ({ key }) => rmSync(key)],
    ["an empty file", /go together/, ({ cert }) => writeFileSync(cert, "")],
    ["a folder", /is not a file/, ({ key }) => inPlaceOf(key, () => mkdirSync(key))],
    ["a link to itself", /can't be read: ELOOP/, ({ key }) => inPlaceOf(key, () => symlinkSync(key, key))],
    [
      "a file as the folder",
      /can't be read: ENOTDIR/,
      ({ folder }) => inPlaceOf(folder, () => writeFileSync(folder, "")),
    ],
    ["a pipe that nobody writes to", /is not a file/, ({ cert }) => inPlaceOf(cert, () => makePipe(cert))],
    [
      "a device without an end",
      /is not a file/,
      ({ key }) => inPlaceOf(key, () => symlinkSync("/dev/zero", key)),
    ],
    ["a file of a gigabyte", /is larger than/, ({ cert }) => truncateSync(cert, 2 ** 30)],
    ["a key with a passphrase", /go together/, ({ key }) => encrypt(key)],
  ])("%s", (_, why, put) => {
    const at = inUse();
    put(at);
    isRefused(at, why);
  });

  it("a pair that is over, or has not begun", () => {
    const at = inUse();
    writeFileSync(at.cert, two.cert);
    writeFileSync(at.key, two.key);
    at.clock.nowMs += 366 * dayMs;
    isRefused(at, /chain\.pem is not valid now: from .* until /);
    at.lines.length = 0;
    at.clock.nowMs -= 2 * 366 * dayMs;
    expect(at.files.reload()).toBe(false);
    // As soon as its day has come it is taken, though the files are the same.
    at.clock.nowMs += 366 * dayMs;
    expect(at.files.reload()).toBe(true);
  });

  it("and such a pair at the start is served, since there is no other, and told", () => {
    const at = inUse();
    at.clock.nowMs += 366 * dayMs;
    const files = new TlsFiles(at.cert, at.key, at.clock, at.log);
    expect(files.tls.cert).toEqual(one.cert);
    expect(at.lines.map(({ level, msg }) => [level, msg])).toEqual([
      [50, "no client will take the certificate"],
    ]);
  });

  it("half of a pair, wherever it ends; nothing of the key is in the log", () => {
    const at = inUse();
    for (const which of ["cert", "key"] as const) {
      writeFileSync(at.cert, two.cert);
      writeFileSync(at.key, two.key);
      const whole = two[which].toString("utf8").trimEnd();
      for (let length = 0; length < whole.length; length += 7) {
        writeFileSync(at[which], whole.slice(0, length));
        expect(at.files.reload(), `${which} ${length}`).toBe(false);
      }
    }
    expect(at.files.tls.cert).toEqual(one.cert);
    const said = JSON.stringify(at.lines);
    const body = `${one.key}${two.key}`.split("\n").filter((line) => !line.startsWith("-----"));
    for (const line of body)
      for (let from = 0; from + 8 <= line.length; from += 4)
        expect(said).not.toContain(line.slice(from, from + 8));
  });
});

describe("a pair that is replaced", () => {
  it("is noticed though size, inode and time are those of the one before", async () => {
    const at = inUse();
    const padded = (pair: Pair) => `${pair.cert}${" ".repeat(4_000 - pair.cert.length)}`;
    const put = (pair: Pair) => {
      for (const [path, text] of [
        [at.cert, padded(pair)],
        [at.key, pair.key],
      ] as const) {
        writeFileSync(path, text);
        utimesSync(path, 1_000, 1_000);
      }
    };
    put(one);
    at.files.reload();
    const over = new AbortController();
    let looks = 0;
    let replaced = 0;
    // The second look comes after the change.
    const clock = {
      ...systemClock,
      sleep: async () => {
        looks += 1;
        if (looks === 2) put(two);
        if (looks === 4) {
          over.abort();
          throw new Error("over");
        }
      },
    };
    await at.files.follow(clock, over.signal, () => {
      replaced += 1;
    });
    expect(replaced).toBe(1);
    expect(at.files.tls.key).toEqual(two.key);
  });

  it("leaves open connections, serves the new ones, and lets in no older protocol", async () => {
    const listening = await listen(() => new Response("here"), { host: "127.0.0.1", port: 0 }, one);
    onTestFinished(() => listening.close(AbortSignal.abort()));
    const { port } = listening.address;
    const open = async (more: object = {}): Promise<TLSSocket> => {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...more });
      await once(socket, "secureConnect");
      onTestFinished(() => void socket.destroy());
      return socket;
    };
    const asked = async (socket: TLSSocket) => {
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      return String((await once(socket, "data"))[0]);
    };
    const old = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const kept = await open();
    await expect(open(old)).rejects.toThrow();
    listening.replaceTls(two);
    expect(await asked(kept)).toContain("200 OK");
    const fresh = await open();
    expect(fresh.getPeerCertificate().raw).not.toEqual(kept.getPeerCertificate().raw);
    expect(await asked(fresh)).toContain("200 OK");
    await expect(open(old)).rejects.toThrow();
  });
});

describe("the program", () => {
  it("goes on whatever lies there when it is told to reload", async () => {
    const at = inUse();
    const data = join(temporaryFolder(), "data");
    const server = await serve(["--data", data, "--tls-cert", at.cert, "--tls-key", at.key]);
    const serves = async () => {
      const socket = connect({
        port: Number(new URL(server.url).port),
        host: "127.0.0.1",
        rejectUnauthorized: false,
      });
      await once(socket, "secureConnect");
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return raw;
    };
    const before = await serves();
    const bad = [
      () => symlinkSync(at.key, at.key),
      () => makePipe(at.key),
      () => symlinkSync("/dev/zero", at.key),
    ];
    for (const [count, put] of bad.entries()) {
      inPlaceOf(at.key, put);
      server.child.kill("SIGHUP");
      await server.logged("told to reload", count + 1);
      expect(await serves()).toEqual(before);
    }
    rmSync(at.key);
    for (const [name, content] of Object.entries({ cert: two.cert, key: two.key })) {
      const path = name === "cert" ? at.cert : at.key;
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    }
    await server.logged("certificate replaced");
    expect(await serves()).not.toEqual(before);
    expect(server.log()).not.toContain("PRIVATE");
  });
});
