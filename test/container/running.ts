// The container as the head of the Containerfile has it run, and what an admin puts beside it.

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ran, type Running, root } from "../../scripts/parts/program.ts";
import { httpsFetch } from "../server/process.ts";
import { Podman } from "./podman.ts";
import { podmanVariable } from "./setup.ts";

/** The account in the container; on the host it is nobody's. */
export const account = 10_001;

export function thePodman(): Podman {
  const folder = process.env[podmanVariable];
  if (folder === undefined) throw new Error(`${podmanVariable} is not set: run scripts/test container`);
  return new Podman(folder);
}

export const temporaryFolder = (podman: Podman): string => mkdtempSync(join(podman.folder, "test-"));

interface Certificate {
  readonly chain: string;
  readonly key: string;
  /** Who alone can read the key. */
  readonly owner: number;
  readonly host?: string;
}

/** A certificate that is its own authority. */
export function makeCertificate({ chain, key, owner, host = "IP:127.0.0.1" }: Certificate): void {
  const made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3"];
  const named = ["-subj", "/CN=nightlatch", "-addext", `subjectAltName=${host}`];
  execFileSync("openssl", ["req", ...made, ...named, "-keyout", key, "-out", chain], { stdio: "ignore" });
  chmodSync(key, 0o600);
  chownSync(key, owner, owner);
}

/** What is mounted at /etc/nightlatch: server.toml, and a certificate with its key. */
export function makeEtc(podman: Podman, more = ""): string {
  const folder = join(temporaryFolder(podman), "etc");
  mkdirSync(folder, { mode: 0o755 });
  makeCertificate({ chain: join(folder, "chain.pem"), key: join(folder, "key.pem"), owner: account });
  const toml = `${more}
[listen]
tls_cert = "/etc/nightlatch/chain.pem"
tls_key = "/etc/nightlatch/key.pem"

[web]
address = "https://mfa.corp.example"
`;
  writeFileSync(join(folder, "server.toml"), toml, { mode: 0o644 });
  return folder;
}

/** The options of `podman run` as they stand in the head of the Containerfile, for another volume, folder and port. */
export function optionsOfTheHead(volume: string, etc: string, port = ""): readonly string[] {
  const text = readFileSync(join(root, "packaging/container/Containerfile"), "utf8");
  const [, said = ""] = /^# +podman run ([\s\S]*?) nightlatch-server$/m.exec(text) ?? [];
  const options = said.replace(/\\\n#/g, "").split(/\s+/);
  const instead = new Map([
    ["nightlatch:/var/lib/nightlatch-server", `${volume}:/var/lib/nightlatch-server`],
    ["./etc:/etc/nightlatch:ro", `${etc}:/etc/nightlatch:ro`],
    ["8443:8443", `127.0.0.1:${port}:8443`],
  ]);
  for (const known of instead.keys())
    if (!options.includes(known)) throw new Error(`the head of the Containerfile has no ${known}`);
  return options.map((option) => instead.get(option) ?? option);
}

export class Container {
  readonly #podman: Podman;
  readonly #name: string;
  readonly #process: Running;

  private constructor(podman: Podman, name: string, process: Running) {
    this.#podman = podman;
    this.#name = name;
    this.#process = process;
  }

  /** Resolves when it listens. */
  static async serving(
    podman: Podman,
    name: string,
    options: readonly string[],
    image = "nightlatch-server",
  ): Promise<Container> {
    const process = podman.start(["run", "--name", name, ...options, image]);
    await process.says(/"msg":"listening"/, 60_000);
    return new Container(podman, name, process);
  }

  /** Everything that it has said, on both of its outputs. */
  get said(): string {
    return this.#process.said;
  }

  /** Resolves when it has said so. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#process.says(pattern, 60_000);
  }

  async port(): Promise<string> {
    const at = await this.#podman.succeed(["port", this.#name, "8443"]);
    return at.trim().split(":").at(-1) ?? "";
  }

  /** Process 1 of the container, as the host names it. */
  pid(): Promise<number> {
    return this.#podman.inspect<number>(".State.Pid", this.#name);
  }

  async status(path: string, caFile: string): Promise<number> {
    const url = `https://127.0.0.1:${await this.port()}${path}`;
    return (await httpsFetch(caFile)(new Request(url))).status;
  }

  run(...command: string[]): Promise<Ran> {
    return this.#podman.run(["exec", this.#name, "nightlatch-server", ...command]);
  }

  cli(...command: string[]): Promise<string> {
    return this.#podman.succeed(["exec", this.#name, "nightlatch-server", ...command]);
  }

  /** As an orchestrator ends it: SIGTERM to process 1. Its exit status. */
  async stop(): Promise<number> {
    await this.#podman.succeed(["kill", "--signal=TERM", this.#name]);
    return this.#process.end();
  }

  async remove(): Promise<void> {
    await this.#podman.run(["rm", "--force", "--time=0", this.#name]);
    await this.#process.end();
  }
}
