// What the tests about mail need: a mail server in its own process, a Nightlatch server that knows it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../fixture.ts";
import { compiled } from "../process.ts";

const programs = {
  smtp: fileURLToPath(new URL("./smtp-peer.ts", import.meta.url)),
  http: fileURLToPath(new URL("./http-peer.ts", import.meta.url)),
};

export interface PeerEvent {
  readonly event: string;
  readonly to?: string;
  readonly secure?: boolean;
  readonly user?: string | null;
  readonly raw?: string;
  readonly right?: boolean;
  readonly text?: string;
  readonly port?: number;
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class MailPeer {
  readonly events: PeerEvent[] = [];
  readonly child: ChildProcess;
  port = 0;
  readonly #waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null) throw new Error("no standard output");
    createInterface(child.stdout).on("line", (line) => {
      this.events.push(JSON.parse(line));
      for (const look of this.#waiting) look();
    });
  }

  mails(): PeerEvent[] {
    return this.events.filter(({ event }) => event === "mail");
  }

  /** Resolves with the first events that fit, once there are so many. The test's own time limit ends the wait. */
  async until(fits: (event: PeerEvent) => boolean, count = 1): Promise<PeerEvent[]> {
    for (;;) {
      const found = this.events.filter(fits);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }
}

/** Ended with the test. */
export function mailPeer(how: object): Promise<MailPeer> {
  return startPeer(programs.smtp, { security: "none", behaviour: "honest", ...how });
}

/** Ended with the test. */
export function gatewayPeer(how: object = {}): Promise<MailPeer> {
  return startPeer(programs.http, how);
}

async function startPeer(program: string, options: object): Promise<MailPeer> {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...compiled },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  });
  const peer = new MailPeer(child);
  const [listening] = await peer.until(({ event }) => event === "listening");
  peer.port = listening?.port ?? 0;
  return peer;
}

export const pair = (folder: string, name: string) => ({
  cert: join(folder, `${name}.pem`),
  key: join(folder, `${name}.key`),
});

export function passwordFile(text: string): string {
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

/** The parts of a mail as its reader sees them: quoted-printable and base64 undone. */
export function readable(raw: string): string {
  const bytes = raw
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
