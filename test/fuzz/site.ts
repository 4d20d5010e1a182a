// A real server in a folder of its own, with an eye on its database and on its log.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { systemRandom } from "../../platform/random.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { makeApp } from "../../server/api/app.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { initServer, type OpenServer } from "../../server/identity/open-server.ts";
import { createJoinToken } from "../../server/machines/join-tokens.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { hourMs } from "../../words/clock.ts";
import { FakeClock } from "../fakes/clock.ts";
import { TestMachine } from "../server/machine.ts";

export class Site {
  readonly clock = new FakeClock();
  readonly server: OpenServer;
  readonly app: ReturnType<typeof makeApp>;
  readonly #folder: string;
  readonly #eye: DatabaseSync;
  readonly #said: string[];

  private constructor(folder: string, server: OpenServer, said: string[]) {
    this.#folder = folder;
    this.server = server;
    this.#said = said;
    this.#eye = new DatabaseSync(server.folder.databaseFile, { readOnly: true });
    const log = pino({ level: "trace" }, { write: (line) => said.push(line) });
    this.app = makeApp({ ...server, clock: this.clock, random: systemRandom, log, syncMinutes: 60 });
  }

  static async open(): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "nightlatch-fuzz-"));
    return new Site(folder, await initServer(join(folder, "data"), new FakeClock(), systemRandom), []);
  }

  async machine(hostname = "laptop"): Promise<TestMachine> {
    const machine = new TestMachine((request) => this.app.fetch(request), this.clock, hostname);
    await machine.join(await this.token());
    return machine;
  }

  token(uses = 1): Promise<string> {
    const { store, vault, identity } = this.server;
    const wish = {
      serverFingerprint: serverFingerprint(publicIdentity(identity)),
      uses,
      expiresAtMs: this.clock.wallMs() + hourMs,
    };
    return store.write((tx) => createJoinToken(tx, vault, wish, systemRandom, this.clock.wallMs()));
  }

  /** With a TOTP authenticator; its secret. */
  async user(name: string): Promise<Uint8Array> {
    const { store, vault } = this.server;
    const nowMs = this.clock.wallMs();
    const secret = systemRandom.bytes(20);
    const totp = {
      type: "totp",
      algorithm: "sha1",
      digits: 6,
      periodSeconds: 30,
      counter: 0,
      secret,
    } as const;
    await store.write(async (tx) => {
      await addUser(tx, { name, displayName: "", groups: [] }, systemRandom, nowMs);
      await addOtp(tx, vault, await theUser(tx, name), totp, systemRandom, nowMs);
    });
    return secret;
  }

  /** Another number after every commit that changed anything. */
  version(): unknown {
    return this.#eye.prepare("PRAGMA data_version").get()?.["data_version"];
  }

  /** What the log has said since it was last asked. */
  log(): string {
    return this.#said.splice(0).join("");
  }

  async close(): Promise<void> {
    this.#eye.close();
    await this.server.store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
