import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Failure } from "../failure.ts";
import { assign, assignmentHelp, overlay } from "../policies/assignments.ts";
import { changePolicies, type PolicyChange, positionOf } from "../policies/changes.ts";
import type { Condition } from "../policies/matching.ts";
import { defaultPolicyName, listPolicies, type NamedPolicy, pick } from "../policies/policies.ts";
import { previewChange } from "../policies/preview.ts";
import { unsentWarnings } from "../policies/unsent.ts";
import { pinWarnings } from "../pins/warnings.ts";
import { type CommandParts, collect, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { policyText } from "./policy-text.ts";
import { previewText } from "./policy-preview.ts";
import { table, UsageError } from "./terminal.ts";

const mostFileBytes = 1_048_576;
const position = wholeNumberOption(1, 1_000);

export function addPolicyCommands(program: Command, parts: CommandParts): void {
  const policy = program
    .command("policy")
    .description(
      "what is asked of whom: the first policy in the list whose groups and machine tags fit holds",
    );

  policy
    .command("show [name]")
    .description("one policy, whole, as the command that sets it; without a name, the default one")
    .action(async (name: string | undefined, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const all = await listPolicies(store.db);
        const found = pick(all, name ?? defaultPolicyName);
        say(parts, options, toJson(found, all), policyText(found, positionOf(all, found.name)));
      }),
    );

  policy
    .command("list")
    .description("all policies, in the order in which they are looked through")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const all = await listPolicies(store.db);
        const rows = all.map((one) => [
          positionOf(all, one.name) ?? "last",
          one.name,
          ...conditionText(one.condition),
          one.policy.mfa,
          `${one.policy.offline.days} days`,
        ]);
        const heads = ["", "POLICY", "GROUPS", "MACHINES", "MFA", "OFFLINE"];
        const json = all.map((one) => toJson(one, all));
        say(parts, options, json, table(heads, rows, ""));
      }),
    );

  changesIn(policy, async (command, change) =>
    withServer(command, parts, async ({ store }, options) => {
      const nowMs = parts.clock.wallMs();
      const all = await store.write((tx) => changePolicies(tx, change, nowMs));
      const { name } = change;
      const done = { set: "set", move: "moved", remove: "removed" }[change.do];
      const found = all.find((one) => one.name === name);
      const warned = found !== undefined && change.do === "set";
      const warnings = warned
        ? [...(await unsentWarnings(store.db, found.policy)), ...(await pinWarnings(store.db, found))]
        : [];
      const json = found === undefined ? { name, done: "remove" } : { ...toJson(found, all), warnings };
      if (!options.json) for (const text of warnings) parts.terminal.err(`warning: ${text}\n`);
      say(parts, options, json, `${done} policy ${name}; machines follow at their next sync\n`);
    }),
  );

  const preview = policy
    .command("preview")
    .description("whom a change would hit, and what would be different for them; nothing is changed");
  changesIn(preview, async (command, change) =>
    withServer(command, parts, async ({ store }, options) => {
      const { users, machines, moves, warnings } = await previewChange(store.db, change);
      if (!options.json) for (const text of warnings) parts.terminal.err(`warning: ${text}\n`);
      const json = { users, machines, moves, warnings };
      say(parts, options, json, previewText({ users, machines, moves }));
    }),
  );
}

/** `set`, `move` and `remove`, below the command that makes the changes and below the one that only looks. */
function changesIn(parent: Command, act: (command: Command, change: PolicyChange) => Promise<void>): void {
  parent
    .command("set [KEY=VALUE...]")
    .description(
      "change the default policy or, by --name or --group, another; a new one is a copy of the default",
    )
    .option("--name <name>", "which policy; the group's name, where one --group is given and no --name")
    .option(
      "--group <group>",
      "for users in this group; may be given several times, and replaces those before",
      collect,
    )
    .option(
      "--tag <tag>",
      "on machines with this tag; may be given several times, and replaces those before",
      collect,
    )
    .option("--all-users", "for users in any group, or in none")
    .option("--all-machines", "on machines with any tags, or with none")
    .option(
      "--position <number>",
      "its place in the list: 1 is looked at first; a new one comes last",
      position,
    )
    .option(
      "--file <path>",
      "a JSON object with all or some of the fields, as `policy` in `policy show --json`",
    )
    .addHelpText(
      "after",
      `\nKeys:\n${assignmentHelp}\n\nExample: policy set --group staff --tag laptop offline.days=3 scope=remote,elevate online.factors=totp/hotp,backup-codes`,
    )
    .action((assignments: string[], given: SetOptions, command: Command) =>
      act(command, changeOf(assignments, given)),
    );
  parent
    .command("move")
    .argument("<name>")
    .argument("<position>", "1 is looked at first", position)
    .description("give a policy another place in the list")
    .action((name: string, at: number, _: object, command: Command) =>
      act(command, { do: "move", name, position: at }),
    );
  parent
    .command("remove <name>")
    .description("remove a policy; its users have the next one that fits")
    .action((name: string, _: object, command: Command) => act(command, { do: "remove", name }));
}

interface SetOptions {
  readonly name?: string;
  readonly group?: readonly string[];
  readonly tag?: readonly string[];
  readonly allUsers?: boolean;
  readonly allMachines?: boolean;
  readonly position?: number;
  readonly file?: string;
}

function changeOf(assignments: readonly string[], given: SetOptions): PolicyChange {
  const { group, tag, position: at } = given;
  if ((group !== undefined && given.allUsers) || (tag !== undefined && given.allMachines))
    throw new UsageError("--group and --all-users, like --tag and --all-machines, exclude one another");
  const groups = given.allUsers === true ? [] : group;
  const tags = given.allMachines === true ? [] : tag;
  if (given.name === undefined && groups?.length !== 1 && [groups, tags, at].some((one) => one !== undefined))
    throw new UsageError("say which policy: --name NAME");
  const name = given.name ?? groups?.[0] ?? defaultPolicyName;
  const fromFile = given.file === undefined ? undefined : readPolicyFile(given.file);
  const nothing = [fromFile, given.name, groups, tags, at].every((one) => one === undefined);
  if (assignments.length === 0 && nothing)
    throw new UsageError("nothing to set: give KEY=VALUE, --file, --name, --group, --tag or --position");
  const settings: Extract<PolicyChange, { do: "set" }>["settings"] = (present) =>
    assign(fromFile === undefined ? present : overlay(present, fromFile), assignments);
  return { do: "set", name, groups, tags, position: at, settings };
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

function conditionText({ groups, tags }: Condition): [string, string] {
  return [groups.join(" or ") || "all", tags.join(" or ") || "all"];
}

function toJson({ name, condition, policy }: NamedPolicy, all: readonly NamedPolicy[]): object {
  return { name, position: positionOf(all, name), ...condition, policy };
}
