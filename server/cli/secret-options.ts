// The secret of a token that has one already: from the command line, a person, or standard input.

import { type Command, Option } from "commander";
import { readSecret, type SecretEncoding, secretEncodings } from "../authenticators/written-secret.ts";
import { Failure } from "../failure.ts";
import type { CommandParts } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export interface SecretOptions {
  secret?: string;
  secretEncoding: SecretEncoding;
}

export function withSecretOptions(command: Command): Command {
  return command
    .option(
      "--secret <secret>",
      "use this one instead of a fresh one; - asks for it, or reads it from standard input (others see what is given here in the list of processes)",
    )
    .addOption(
      new Option("--secret-encoding <name>", "how the secret is written")
        .choices(secretEncodings)
        .default("base32"),
    );
}

/** Undefined: a fresh one is wanted. What was given is never said again. */
export async function secretOf(
  { terminal }: CommandParts,
  { secret: given, secretEncoding: encoding }: SecretOptions,
): Promise<Uint8Array | undefined> {
  if (given === undefined) return undefined;
  const written = given === "-" ? await terminal.askSecret?.("Secret: ") : given;
  if (written === undefined || written === "")
    throw new Failure("invalid", "no secret was given, and nothing was changed");
  const secret = readSecret(written, encoding);
  if (secret !== undefined) return secret;
  if (encoding === "hex") throw new UsageError("--secret: that is not hexadecimal");
  const isHex = readSecret(written, "hex") !== undefined;
  const hint = isHex ? "; if it is hexadecimal, add --secret-encoding hex" : "";
  throw new UsageError(`--secret: that is not base32${hint}`);
}
