import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { listAudit } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { theMachine } from "../machines/machines.ts";
import { assign, assignmentHelp, overlay } from "../policies/assignments.ts";
import {
  listPolicies,
  type NamedPolicy,
  policyOfGroup,
  removePolicy,
  setPolicy,
} from "../policies/policies.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { table, UsageError } from "./terminal.ts";

const mostFileBytes = 1_048_576;

export function addPolicyCommands(program: Command, parts: CommandParts): void {
  const policy = program
    .command("policy")
    .description("what is asked of whom; without --group, the default policy");

  policy
    .command("show")
    .description("one policy, whole")
    .option("--group <group>", "the group's policy")
    .action(async (given: { group?: string }, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const found = await policyOfGroup(store.db, given.group ?? null);
        const text = `${JSON.stringify(found.policy, null, 2)}\n`;
        say(parts, options, toJson(found), text);
      }),
    );

  policy
    .command("list")
    .description("all policies; a user has the first of those of the user's groups, else the default one")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const found = await listPolicies(store.db);
        const order = [...found.slice(1), ...found.slice(0, 1)];
        const rows = order.map((one) => [
          one.name,
          one.group === null ? "last" : one.priority,
          one.policy.mfa,
          `${one.policy.offline.days} days`,
        ]);
        say(parts, options, order.map(toJson), table(["POLICY", "PRIORITY", "MFA", "OFFLINE"], rows, ""));
      }),
    );

  policy
    .command("set [KEY=VALUE...]")
    .description("change a policy; a group's first one starts as a copy of the default")
    .option("--group <group>", "the group's policy")
    .option("--priority <number>", "which group's policy wins: the highest", wholeNumberOption(0, 1_000_000))
    .option("--file <path>", "a JSON object with all or some of the fields, as `policy show` prints them")
    .addHelpText(
      "after",
      `\nKeys:\n${assignmentHelp}\n\nExample: policy set --group staff offline.days=3 scope=remote,elevate online.factors=totp/hotp,backup-codes`,
    )
    .action(
      async (
        assignments: string[],
        given: { group?: string; priority?: number; file?: string },
        command: Command,
      ) => {
        const fromFile = given.file === undefined ? undefined : readPolicyFile(given.file);
        if (assignments.length === 0 && fromFile === undefined && given.priority === undefined)
          throw new UsageError("nothing to set: give KEY=VALUE, --file or --priority");
        return withServer(command, parts, async ({ store }, options) => {
          const result = await store.write((tx) =>
            setPolicy(
              tx,
              {
                group: given.group ?? null,
                priority: given.priority,
                change: (present) => {
                  const based = fromFile === undefined ? present : overlay(present, fromFile);
                  return assign(based, assignments);
                },
              },
              parts.clock.wallMs(),
            ),
          );
          say(
            parts,
            options,
            toJson(result),
            `set policy ${result.name}; machines follow at their next sync\n`,
          );
        });
      },
    );

  policy
    .command("remove")
    .description("remove a group's policy")
    .requiredOption("--group <group>", "the group")
    .action(async (given: { group: string }, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        await store.write((tx) => removePolicy(tx, given.group, parts.clock.wallMs()));
        say(parts, options, { group: given.group, done: "remove" }, `removed policy ${given.group}\n`);
      }),
    );
}

export function addAuditCommand(program: Command, parts: CommandParts): void {
  program
    .command("audit")
    .description("what happened here and on the machines, in the order it became known")
    .option("--limit <number>", "at most so many, the newest", wholeNumberOption(1, 1_000_000), 100)
    .option("--user <name>", "only about this user (as written in the entry)")
    .option("--machine <id>", "only about this machine")
    .action(async (given: { limit: number; user?: string; machine?: string }, command: Command) =>
      withServer(command, parts, async ({ store: { db } }, options) => {
        const machine = given.machine === undefined ? undefined : (await theMachine(db, given.machine)).id;
        const entries = (await listAudit(db, { limit: given.limit, user: given.user, machine })).map(
          ({ atMs, id, ...entry }) => ({ id, at: isoTime(atMs), ...entry }),
        );
        const rows = entries.map((one) => [
          one.at,
          one.source,
          one.kind,
          one.user,
          one.machine?.slice(0, 8) ?? null,
          one.operator,
          Object.entries(one.detail)
            .map(([key, value]) => `${key}=${String(value)}`)
            .join(" "),
        ]);
        const heads = ["AT", "SOURCE", "KIND", "USER", "MACHINE", "BY", "DETAIL"];
        say(parts, options, entries, table(heads, rows, "no entries"));
      }),
    );
}

function readPolicyFile(path: string): unknown {
  const bytes = readFileSync(path);
  if (bytes.length > mostFileBytes) throw new Failure("invalid", `${path} is too long for a policy`);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Failure("invalid", `${path} is not JSON`);
  }
}

function toJson({ name, group, priority, policy }: NamedPolicy): object {
  return { name, group, priority, policy };
}
