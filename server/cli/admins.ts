import { type Command, Option } from "commander";
import { lookAlikeKey } from "../../words/user-name.ts";
import { dropPassword, listAdmins, setRole } from "../accounts/accounts.ts";
import { parseRole, type Role, roles } from "../accounts/roles.ts";
import { createSetupLink, setupHours, setupPath } from "../accounts/setup-links.ts";
import { removeAllAuthenticators } from "../authenticators/manage.ts";
import type { OpenServer } from "../identity/open-server.ts";
import { forgetFailures, userThrottle } from "../sessions/throttle.ts";
import type { Tx } from "../store/store.ts";
import { addUser, findUser, theUser, type User } from "../users/users.ts";
import {
  type CommandParts,
  type CommonOptions,
  configured,
  say,
  wholeLinkHint,
  wholeNumberOption,
  withServer,
} from "./command-parts.ts";
import { table, UsageError } from "./terminal.ts";

interface LinkOptions {
  hours: number;
}

export function addAdminCommands(program: Command, parts: CommandParts): void {
  const admin = program.command("admin").description("who may use the console, and the way in to it");
  const address = () => new Option("--web-address <url>", "how people reach the server, for the link");
  const hours = () =>
    new Option("--hours <number>", "how long the link is good")
      .argParser(wholeNumberOption(1, 24 * 7))
      .default(setupHours);

  admin
    .command("create <name>")
    .description("make a user an admin, adding the user first where there is none; prints a one-time link")
    .addOption(
      new Option("--role <role>", "another role")
        .choices(roles.filter((role) => role !== "none"))
        .default("admin"),
    )
    .addOption(hours())
    .addOption(address())
    .action((name: string, given: LinkOptions & { role: Role }, command: Command) =>
      withServer(command, parts, async (server, options) => {
        const link = await server.store.write(async (tx) => {
          const nowMs = parts.clock.wallMs();
          const wish = { name, displayName: "", groups: [] };
          const user = (await findUser(tx, name)) ?? (await addUser(tx, wish, parts.random, nowMs));
          await setRole(tx, { user, role: given.role, evenTheLastAdmin: false }, nowMs);
          return createSetupLink(tx, server.vault, user, given.hours, parts.random, nowMs);
        });
        sayLink(
          command,
          parts,
          options,
          { name, link, hours: given.hours },
          `${name} has the role ${given.role}`,
        );
      }),
    );

  admin
    .command("list")
    .description("everybody who has a role")
    .action((_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const admins = await listAdmins(store.db);
        const rows = admins.map((one) => [
          one.name,
          one.role,
          one.hasPassword ? "set" : "not set yet",
          one.disabled ? "disabled" : "enabled",
        ]);
        const heads = ["USER", "ROLE", "PASSWORD", "STATE"];
        say(parts, options, admins, table(heads, rows, "nobody has a role yet: admin create NAME"));
      }),
    );

  admin
    .command("role <name> <role>")
    .description(`what a user may do in the console: ${roles.join(", ")}`)
    .option("--even-the-last-admin", "also when nobody else can sign in as an admin")
    .action((name: string, text: string, given: { evenTheLastAdmin?: boolean }, command: Command) => {
      const role = parseRole(text);
      if (!role.ok) throw new UsageError(role.error);
      return withServer(command, parts, async ({ store }, options) => {
        await store.write(async (tx) => {
          const evenTheLastAdmin = given.evenTheLastAdmin === true;
          const change = { user: await theUser(tx, name), role: role.value, evenTheLastAdmin };
          await setRole(tx, change, parts.clock.wallMs());
        });
        say(parts, options, { user: name, role: role.value }, `${name} has the role ${role.value}\n`);
      });
    });

  admin
    .command("reset <name>")
    .description("take a user's password away, end all sessions, and print a new one-time link")
    .option("--authenticators", "also remove all authenticators: for a lost phone")
    .addOption(hours())
    .addOption(address())
    .action((name: string, given: LinkOptions & { authenticators?: boolean }, command: Command) =>
      withServer(command, parts, async (server, options) => {
        const link = await server.store.write((tx) =>
          reset(tx, server, parts, name, given.authenticators === true, given.hours),
        );
        sayLink(
          command,
          parts,
          options,
          { name, link, hours: given.hours },
          `${name}'s password is taken away`,
        );
      }),
    );

  admin
    .command("unlock <name>")
    .description("let a user sign in to the pages at once, who has to wait after wrong attempts")
    .action((name: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        await store.write(async (tx) => {
          const user = await theUser(tx, name);
          await forgetFailures(tx, userThrottle(vault, lookAlikeKey(user.name)));
        });
        say(parts, options, { user: name, done: "unlock" }, `${name} may try again\n`);
      }),
    );
}

async function reset(
  tx: Tx,
  { vault }: OpenServer,
  { clock, random }: CommandParts,
  name: string,
  authenticators: boolean,
  hours: number,
): Promise<string> {
  const nowMs = clock.wallMs();
  const user: User = await theUser(tx, name);
  await dropPassword(tx, user, nowMs);
  if (authenticators) await removeAllAuthenticators(tx, user, nowMs);
  await forgetFailures(tx, userThrottle(vault, lookAlikeKey(user.name)));
  return createSetupLink(tx, vault, user, hours, random, nowMs);
}

function sayLink(
  command: Command,
  parts: CommandParts,
  options: CommonOptions,
  about: { readonly name: string; readonly link: string; readonly hours: number },
  done: string,
): void {
  const address = configured(command, parts).configuration.webAddress;
  const path = `${setupPath}?code=${about.link}`;
  const shown = `${address ?? "https://THIS-SERVER"}${path}`;
  const hint = address === undefined ? `\n${wholeLinkHint}` : "";
  say(
    parts,
    options,
    { user: about.name, path, url: address === undefined ? null : shown, hours: about.hours },
    `${done}\nTo set a password, open this once within ${about.hours} hours:\n\n  ${shown}\n${hint}\n`,
  );
}
