import { type Command, Option } from "commander";
import { identitySeeds, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { hourMs } from "../../words/clock.ts";
import { rotateData } from "../identity/rotate-data.ts";
import { type ListedServerKey, listServerKeys, rotateIdentity } from "../identity/server-keys.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { table } from "./terminal.ts";

export function addKeyCommands(program: Command, parts: CommandParts): void {
  const keys = program
    .command("keys")
    .description("the server's identity, and the key of its secrets at rest");

  keys
    .command("show")
    .description("the server's identities by number; the newest signs")
    .action((_: object, command: Command) =>
      withServer(command, parts, async ({ store, keyFile }, options) => {
        const unfinished = keyFile.keys.length > 1;
        const found = await listServerKeys(store.db);
        const identities = found.map(toJson);
        const rows = found.map((one) => [
          one.number,
          fingerprintOf(one),
          secondTime(one.createdAtMs),
          one.endsAtMs === null ? null : secondTime(one.endsAtMs),
        ]);
        const heads = ["NUMBER", "FINGERPRINT", "MADE", "ACCEPTED UNTIL"];
        const hint = unfinished ? "rotate-data was cut off: run it again\n" : "";
        say(
          parts,
          options,
          { identities, dataKeyRotationUnfinished: unfinished },
          table(heads, rows, "") + hint,
        );
      }),
    );

  keys
    .command("rotate-identity")
    .description("the next identity, signed by the present one; machines learn it at their next contact")
    .addOption(
      new Option(
        "--overlap-hours <hours>",
        "how long machines that know the new one accept the one before; 0 = it may be in wrong hands",
      )
        .default(168)
        .argParser(wholeNumberOption(0, 8_760)),
    )
    .action((given: { overlapHours: number }, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const seeds = identitySeeds(parts.random.bytes(32));
        const overlapMs = given.overlapHours * hourMs;
        const next = await store.write((tx) =>
          rotateIdentity(tx, vault, seeds, overlapMs, parts.clock.wallMs()),
        );
        const { number, previousEndsAtMs } = next;
        const fingerprint = fingerprintOf(next);
        const json = { number, fingerprint, previousAcceptedUntil: isoTime(previousEndsAtMs) };
        const text = `identity ${number}, fingerprint ${fingerprint}; the one before is accepted until ${secondTime(previousEndsAtMs)}\n`;
        say(parts, options, json, text);
        if (!options.json)
          parts.terminal.err(
            "make a backup now: a server restored from an older one is not recognised by machines that know the new identity\n",
          );
      }),
    );

  keys
    .command("rotate-data")
    .description("another server.key; everything sealed is sealed anew, also while the server runs")
    .action((_: object, command: Command) =>
      withServer(command, parts, async (server, options) => {
        const resealed = await rotateData(server, parts.clock, parts.random);
        say(parts, options, { resealed }, `${resealed} secrets sealed under a new server.key\n`);
        if (!options.json)
          parts.terminal.err(
            "make a backup now: older ones need the server.key that was backed up with them\n",
          );
      }),
    );
}

function toJson(key: ListedServerKey) {
  const { number, createdAtMs, endsAtMs } = key;
  return {
    number,
    fingerprint: fingerprintOf(key),
    createdAt: isoTime(createdAtMs),
    acceptedUntil: endsAtMs === null ? null : isoTime(endsAtMs),
  };
}

function fingerprintOf({ signingKey, boxKey }: { signingKey: string; boxKey: string }): string {
  const keys = { signingKey: Buffer.from(signingKey, "base64"), boxKey: Buffer.from(boxKey, "base64") };
  return toBase32(serverFingerprint(keys));
}
