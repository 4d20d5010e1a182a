// The machine's secret in a file of its own, mode 0600: defends against whoever gets the database without this file.

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { Secret } from "../../words/secret.ts";
import { syncFolder } from "../state/durable.ts";
import { StateDamaged } from "../state/failures.ts";
import { machineSecretBytes } from "../state/keys.ts";
import type { Protector } from "../state/protector.ts";

export function fileProtector(path: string): Protector {
  return {
    name: "file",
    counter: undefined,
    defends:
      "a copied database without its key file stays closed; whoever copies the whole disk has both (no TPM is used)",
    load() {
      if (!existsSync(path)) return undefined;
      const file = lstatSync(path);
      if (!file.isFile() || file.nlink !== 1) throw new StateDamaged("the key file is not a plain file");
      if (file.uid !== process.geteuid?.() || (file.mode & 0o077) !== 0)
        throw new StateDamaged(
          "the key file is not ours alone: it must be owned by the agent with mode 0600",
        );
      const secret = readFileSync(path);
      if (secret.length !== machineSecretBytes) throw new StateDamaged("the key file has the wrong length");
      return new Secret<Uint8Array>(secret);
    },
    create(secret) {
      const file = openSync(path, "wx", 0o600);
      try {
        secret.use((bytes) => writeSync(file, bytes));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      syncFolder(dirname(path));
    },
    erase() {
      if (!existsSync(path)) return;
      // Overwriting helps on disks that write in place; elsewhere the unlinked blocks are the accepted risk.
      const file = openSync(path, "r+");
      try {
        writeSync(file, new Uint8Array(machineSecretBytes));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      unlinkSync(path);
      syncFolder(dirname(path));
    },
  };
}
