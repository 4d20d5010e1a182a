// The machine's secret encrypted by systemd-creds(1), 250 or newer: with the host's key, which root alone may read, and
// with the TPM as well where systemd finds one. The name is bound into it, so no other credential stands in for it.

import { execFileSync } from "node:child_process";
import { Secret } from "../../words/secret.ts";
import { StateDamaged } from "../state/failures.ts";
import { machineSecretBytes } from "../state/keys.ts";
import type { Protector } from "../state/protector.ts";
import { eraseFile, isThere, moveFile, readSealedFile, writeNewFile } from "./sealed-file.ts";

export interface SystemdCredsParts {
  /** Where the encrypted secret lies: `machine.cred` in the state folder. */
  readonly path: string;
  readonly program?: string;
}

export interface SystemdCredsProtector extends Protector {
  readonly counter: undefined;
  /** Encrypts something and decrypts it again. Why that won't do; undefined when it does. */
  unavailable(): string | undefined;
}

const credentialName = "nightlatch-machine-key";
/** A command takes about 10 ms with the host's key and up to seconds with a TPM. */
const withinMs = 5_000;

/** No PCRs: the default of systemd 252 is PCR 7, and a new boot loader would lock everybody out. */
const encryption = ["--with-key=auto", "--tpm2-pcrs="];

export function systemdCredsProtector({
  path,
  program = "/usr/bin/systemd-creds",
}: SystemdCredsParts): SystemdCredsProtector {
  /** The secret passes through pipes only: neither arguments, nor environment, nor a file hold it in clear. */
  function run(action: "encrypt" | "decrypt", input: Uint8Array): Uint8Array {
    const options = action === "encrypt" ? encryption : [];
    return execFileSync(program, [action, `--name=${credentialName}`, ...options, "-", "-"], {
      input,
      env: {},
      stdio: "pipe",
      timeout: withinMs,
      killSignal: "SIGKILL",
      maxBuffer: 16_384,
    });
  }

  return {
    name: "systemd-creds",
    counter: undefined,
    defends:
      "a copied state folder stays closed without systemd's host key (/var/lib/systemd/credential.secret), which lies on the same disk: a copied disk opens elsewhere unless systemd used a TPM too; an old copy put back is not seen",
    load() {
      const bytes = readSealedFile(path);
      if (bytes === undefined) return undefined;
      let secret: Uint8Array;
      try {
        secret = run("decrypt", bytes);
      } catch (error) {
        throw new StateDamaged(
          `systemd-creds does not open machine.cred (${reason(error)}): put the host key or the TPM back, or join again`,
          error,
        );
      }
      if (secret.length !== machineSecretBytes)
        throw new StateDamaged("machine.cred holds something else than the machine's secret; join again");
      return new Secret<Uint8Array>(Uint8Array.from(secret));
    },
    create(secret) {
      if (isThere(path)) throw new Error("there is a machine secret already");
      const sealed = secret.use((bytes) => run("encrypt", bytes));
      const fresh = `${path}.new`;
      eraseFile(fresh);
      writeNewFile(fresh, sealed);
      moveFile(fresh, path);
    },
    erase() {
      eraseFile(path);
      eraseFile(`${path}.new`);
    },
    unavailable() {
      try {
        const sample = new Uint8Array(machineSecretBytes);
        const back = run("decrypt", run("encrypt", sample));
        return Buffer.compare(sample, back) === 0
          ? undefined
          : "systemd-creds does not decrypt what it encrypts";
      } catch (error) {
        return `systemd-creds can't be used (${reason(error)})`;
      }
    },
  };
}

/** The first line of what it said, which tells names of files and never a secret. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "it is not installed";
  if (code === "ETIMEDOUT") return "it did not end in time";
  const said = "stderr" in error ? String(error.stderr).trim().split("\n").at(-1) : undefined;
  return said === undefined || said === "" ? code || "it failed" : said.slice(0, 200);
}
