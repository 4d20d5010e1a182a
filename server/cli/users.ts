import type { Command } from "commander";
import { isoTime } from "../iso-time.ts";
import { disableUser, removeUser } from "../users/leave.ts";
import { renameUser, saidOfRename } from "../users/rename.ts";
import {
  addUser,
  enableUser,
  joinGroup,
  leaveGroup,
  listUsers,
  theUser,
  type UserOverview,
  unlockUser,
} from "../users/users.ts";
import { addAddressCommands } from "./addresses.ts";
import { type CommandParts, collect, say, withServer } from "./command-parts.ts";
import { addPinCommands } from "./pins.ts";
import { table } from "./terminal.ts";

export function addUserCommands(program: Command, parts: CommandParts): void {
  const user = program.command("user").description("people's accounts");

  user
    .command("add <name>")
    .description("add a user")
    .option("--group <group>", "put the user into this group; may be given several times", collect)
    .option("--display-name <text>", "how the user is called by people", "")
    .action(async (name: string, given: { group?: string[]; displayName: string }, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const wish = { name, displayName: given.displayName, groups: given.group ?? [] };
        const added = await store.write((tx) => addUser(tx, wish, parts.random, parts.clock.wallMs()));
        const overview = (await listUsers(store.db)).find((known) => known.id === added.id);
        if (overview === undefined) throw new Error("the user that was added is not there");
        say(parts, options, toJson(overview, parts.clock.wallMs()), `added ${added.name}\n`);
      }),
    );

  user
    .command("list")
    .description("all users")
    .action(async (_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const users = await listUsers(store.db);
        const rows = users.map((known) => [
          known.name,
          known.displayName,
          known.groups.join(","),
          known.authenticators,
          known.disabledAtMs === null ? "enabled" : "disabled",
        ]);
        const heads = ["USER", "NAME", "GROUPS", "AUTHENTICATORS", "STATE"];
        const json = users.map((known) => toJson(known, parts.clock.wallMs()));
        say(parts, options, json, table(heads, rows, "no users yet: user add NAME"));
      }),
    );

  const change = (
    verb: "enable" | "disable" | "remove" | "unlock",
    description: string,
    done: (name: string) => string,
  ) =>
    user
      .command(`${verb} <name>`)
      .description(description)
      .action(async (name: string, _: object, command: Command) =>
        withServer(command, parts, async ({ store, identity }, options) => {
          await store.write(async (tx) => {
            const found = await theUser(tx, name);
            const nowMs = parts.clock.wallMs();
            switch (verb) {
              case "enable":
                return enableUser(tx, found, nowMs);
              case "unlock":
                return unlockUser(tx, found, nowMs);
              case "disable":
                return disableUser(tx, identity.signing.privateKey, found, nowMs);
              case "remove":
                return removeUser(tx, identity.signing.privateKey, found, nowMs);
            }
          });
          say(parts, options, { user: name, done: verb }, `${done(name)}\n`);
        }),
      );
  change("disable", "refuse all sign-ins and end offline use on every machine", (name) => {
    return `disabled ${name}; machines erase the user's offline data at their next contact`;
  });
  change("enable", "allow sign-ins again", (name) => `enabled ${name}`);
  change("unlock", "end the server's lockout of a user", (name) => `unlocked ${name}`);
  change("remove", "remove a user with all authenticators", (name) => `removed ${name}`);

  user
    .command("rename <old> <new>")
    .description("call a user something else, who keeps all but sessions, links and offline use")
    .action(async (old: string, fresh: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const renamed = await store.write(async (tx) =>
          renameUser(tx, vault, await theUser(tx, old), fresh, parts.clock.wallMs()),
        );
        const { from, to, machines, linksWithdrawn, directoryDecides } = renamed;
        say(
          parts,
          options,
          { user: to, from, done: "rename", machines, linksWithdrawn, directoryDecides },
          `renamed ${from} to ${to}; ${saidOfRename(renamed)}\n`,
        );
      }),
    );

  const group = user.command("group").description("which groups a user is in");
  const changeGroup = (verb: "add" | "remove", description: string) =>
    group
      .command(`${verb} <name> <group>`)
      .description(description)
      .action(async (name: string, groupName: string, _: object, command: Command) =>
        withServer(command, parts, async ({ store }, options) => {
          await store.write(async (tx) => {
            const found = await theUser(tx, name);
            const move = verb === "add" ? joinGroup : leaveGroup;
            await move(tx, found, groupName, parts.clock.wallMs());
          });
          const said = verb === "add" ? `${name} is in ${groupName}` : `${name} is no longer in ${groupName}`;
          say(parts, options, { user: name, group: groupName, done: verb }, `${said}\n`);
        }),
      );
  changeGroup("add", "put a user into a group");
  changeGroup("remove", "take a user out of a group");

  addAddressCommands(user, parts);
  addPinCommands(user, parts);
}

function toJson(user: UserOverview, nowMs: number): object {
  const { name, displayName, groups, authenticators, lockedUntilMs } = user;
  const locked = lockedUntilMs !== null && nowMs < lockedUntilMs;
  return {
    name,
    displayName,
    groups,
    authenticators,
    disabled: user.disabledAtMs !== null,
    createdAt: isoTime(user.createdAtMs),
    lockedUntil: locked ? isoTime(lockedUntilMs) : null,
  };
}
