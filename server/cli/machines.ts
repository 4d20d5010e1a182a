import { type Command, Option } from "commander";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { hourMs } from "../../words/clock.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { createJoinToken, listJoinTokens } from "../machines/join-tokens.ts";
import {
  clearFlags,
  exemptMachine,
  flagsOf,
  listMachines,
  type Machine,
  theMachine,
} from "../machines/machines.ts";
import { revokeMachine } from "../machines/revoke.ts";
import { addTag, removeTag, tagsByMachine, tagsOf } from "../machines/tags.ts";
import { type CommandParts, collect, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { addMachineRemove } from "./machine-remove.ts";
import { table } from "./terminal.ts";

export function addMachineCommands(program: Command, parts: CommandParts): void {
  const machine = program
    .command("machine")
    .description("joined machines; ID is a machine id, its beginning, or a host name");

  machine
    .command("list")
    .description("all machines")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const machines = await listMachines(store.db);
        const tags = await tagsByMachine(store.db);
        const rows = machines.map((one) => [
          one.id,
          one.hostname,
          one.platform,
          one.agentVersion,
          one.protector,
          one.lastSyncAtMs === null ? "never" : secondTime(one.lastSyncAtMs),
          stateOf(one),
          tags.get(one.id)?.join(",") ?? "",
        ]);
        const heads = ["ID", "HOST", "PLATFORM", "AGENT", "PROTECTOR", "LAST SYNC", "STATE", "TAGS"];
        say(
          parts,
          options,
          machines.map((one) => toJson(one, tags.get(one.id) ?? [])),
          table(heads, rows, "no machines yet: join-token create"),
        );
      }),
    );

  machine
    .command("revoke <id>")
    .description(
      "end all use of a machine; it erases its keys at its next contact, and can't come back with them",
    )
    .action(async (id: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, identity }, options) => {
        const { found, done } = await store.write(async (tx) => {
          const one = await theMachine(tx, id);
          const key = identity.signing.privateKey;
          return { found: one, done: await revokeMachine(tx, key, one, parts.clock.wallMs()) };
        });
        const said = done ? "revoked; it erases its data at its next contact" : "was revoked before";
        say(
          parts,
          options,
          { id: found.id, hostname: found.hostname, done: "revoke" },
          `${found.id} ${said}\n`,
        );
      }),
    );

  addMachineRemove(machine, parts);

  machine
    .command("exempt <id> <on|off>")
    .description("ask for no second factor on this machine, from its next sync on")
    .action(async (id: string, wish: string, _: object, command: Command) => {
      if (wish !== "on" && wish !== "off") command.error("error: say on or off", { exitCode: 2 });
      return withServer(command, parts, async ({ store }, options) => {
        const found = await store.write(async (tx) => {
          const one = await theMachine(tx, id);
          await exemptMachine(tx, one, wish === "on", parts.clock.wallMs());
          return one;
        });
        say(parts, options, { id: found.id, exempt: wish === "on" }, `${found.id} exempt ${wish}\n`);
      });
    });

  const tag = machine
    .command("tag")
    .description("what policies choose machines by; takes effect at a machine's next sync");
  const changeTags = (verb: "add" | "remove", description: string) =>
    tag
      .command(`${verb} <id> <tag>`)
      .description(description)
      .action(async (id: string, name: string, _: object, command: Command) =>
        withServer(command, parts, async ({ store }, options) => {
          const found = await store.write(async (tx) => {
            const one = await theMachine(tx, id);
            const change = verb === "add" ? addTag : removeTag;
            await change(tx, one, name, parts.clock.wallMs());
            return { id: one.id, tags: await tagsOf(tx, one.id) };
          });
          say(parts, options, found, `${found.id} has the tags: ${found.tags.join(", ") || "none"}\n`);
        }),
      );
  changeTags("add", "give a machine a tag");
  changeTags("remove", "take a tag from a machine");

  machine
    .command("clear-flags <id>")
    .description("after looking into it: drop a machine's flags and let a broken chain of events begin anew")
    .action(async (id: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const found = await store.write(async (tx) => {
          const one = await theMachine(tx, id);
          await clearFlags(tx, one, parts.clock.wallMs());
          return one;
        });
        say(parts, options, { id: found.id, done: "clear-flags" }, `${found.id} has no flags\n`);
      }),
    );
}

export function addJoinTokenCommands(program: Command, parts: CommandParts): void {
  const token = program.command("join-token").description("what machines join with");

  token
    .command("create")
    .description("make a join token; only the token goes to standard output")
    .addOption(
      new Option("--uses <number>", "machines that may join with it")
        .default(1)
        .argParser(wholeNumberOption(1, 100_000)),
    )
    .addOption(
      new Option("--expires-hours <hours>", "how long it is good")
        .default(24)
        .argParser(wholeNumberOption(1, 8_760)),
    )
    .option("--tag <tag>", "tag the machines that join with it; may be given several times", collect)
    .action(async (given: { uses: number; expiresHours: number; tag?: string[] }, command: Command) =>
      withServer(command, parts, async ({ store, vault, identity }, options) => {
        const nowMs = parts.clock.wallMs();
        const expiresAtMs = nowMs + given.expiresHours * hourMs;
        const fingerprint = serverFingerprint(publicIdentity(identity));
        const wish = { serverFingerprint: fingerprint, uses: given.uses, expiresAtMs, tags: given.tag };
        const text = await store.write((tx) => createJoinToken(tx, vault, wish, parts.random, nowMs));
        const json = { token: text, uses: given.uses, expiresAt: isoTime(expiresAtMs) };
        say(parts, options, json, `${text}\n`);
        if (!options.json)
          parts.terminal.err(
            `good for ${given.uses} ${given.uses === 1 ? "machine" : "machines"} until ${secondTime(expiresAtMs)}; on the machine: nightlatch join URL --token-file FILE\n`,
          );
      }),
    );

  token
    .command("list")
    .description("tokens by their ids; the tokens themselves are not kept")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const found = await listJoinTokens(store.db);
        const tokens = found.map((one) => ({
          id: one.id,
          uses: one.uses,
          usesLeft: one.usesLeft,
          tags: one.tags,
          createdAt: isoTime(one.createdAtMs),
          expiresAt: isoTime(one.expiresAtMs),
          expired: parts.clock.wallMs() >= one.expiresAtMs,
        }));
        const rows = found.map((one) => [
          one.id,
          `${one.usesLeft}/${one.uses}`,
          secondTime(one.expiresAtMs),
          one.tags.join(","),
        ]);
        say(parts, options, tokens, table(["ID", "USES LEFT", "EXPIRES", "TAGS"], rows, "no join tokens"));
      }),
    );

  program
    .command("identity")
    .description("the server's fingerprint, as it stands in every join token")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ identity }, options) => {
        const fingerprint = toBase32(serverFingerprint(publicIdentity(identity)));
        say(parts, options, { fingerprint }, `${fingerprint}\n`);
      }),
    );
}

function stateOf(machine: Machine): string {
  const words: string[] = flagsOf(machine);
  if (machine.exempt === 1) words.unshift("exempt");
  if (machine.revokedAtMs !== null) words.unshift("revoked");
  return words.length === 0 ? "ok" : words.join(",");
}

function toJson(machine: Machine, tags: readonly string[]): object {
  const { id, hostname, platform, agentVersion, protector, lastSyncAtMs, revokedAtMs } = machine;
  return {
    id,
    hostname,
    platform,
    agentVersion,
    protector,
    joinedAt: isoTime(machine.joinedAtMs),
    lastSyncAt: lastSyncAtMs === null ? null : isoTime(lastSyncAtMs),
    revokedAt: revokedAtMs === null ? null : isoTime(revokedAtMs),
    exempt: machine.exempt === 1,
    flags: flagsOf(machine),
    tags,
  };
}
