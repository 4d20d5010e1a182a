import type { Command } from "commander";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { type CommandParts, say, withNewServer } from "./command-parts.ts";

export function addInitCommand(program: Command, parts: CommandParts): void {
  program
    .command("init")
    .description("make a new server in a folder that is empty or not there yet; no other command makes one")
    .action((_: object, command: Command) =>
      withNewServer(command, parts, async ({ folder, identity }, options) => {
        const fingerprint = toBase32(serverFingerprint(publicIdentity(identity)));
        say(
          parts,
          options,
          { data: folder.path, fingerprint },
          `server in ${folder.path}, fingerprint ${fingerprint}\n`,
        );
      }),
    );
}
