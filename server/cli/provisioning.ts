import { type Command, Option } from "commander";
import { hourMs } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import { createInvitation, withdrawInvitation } from "../provisioning/invitations.ts";
import { invitationPath, invitationUrl, inviteByMail } from "../provisioning/invite.ts";
import { type Provisioning, provisioningSetting, whoMay } from "../provisioning/provisioning-setting.ts";
import { readSetting, writeSetting } from "../settings/settings.ts";
import { theUser } from "../users/users.ts";
import {
  type CommandParts,
  configured,
  say,
  wholeLinkHint,
  wholeNumberOption,
  withServer,
} from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

interface InviteOptions {
  hours?: number;
  print?: boolean;
  withdraw?: boolean;
}

/** `authenticator invite`: for users who may not add one by themselves, or have lost the one that they had. */
export function addInviteCommand(authenticator: Command, parts: CommandParts): void {
  authenticator
    .command("invite <user>")
    .description("mail a user a link with which they add an authenticator, once")
    .addOption(
      new Option(
        "--hours <number>",
        "how long the link is good (otherwise as `provisioning` says)",
      ).argParser(wholeNumberOption(1, 720)),
    )
    .option("--print", "print the link instead of mailing it")
    .option("--withdraw", "take back the link that the user has; invites to nothing")
    .addOption(new Option("--web-address <url>", "how people reach the server, for the link"))
    .action((name: string, given: InviteOptions, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const nowMs = parts.clock.wallMs();
        if (given.withdraw === true) {
          const done = await store.write(async (tx) =>
            withdrawInvitation(tx, await theUser(tx, name), nowMs),
          );
          if (!done) throw new Failure("not-found", `${name} has no invitation that is open`);
          return say(
            parts,
            options,
            { user: name, done: "withdraw" },
            `the invitation of ${name} is withdrawn\n`,
          );
        }
        const webAddress = configured(command, parts).configuration.webAddress;
        const hours = given.hours ?? (await readSetting(store.db, provisioningSetting)).invitationHours;
        if (given.print === true) {
          const wish = { origin: "admin", forMs: hours * hourMs } as const;
          const secret = await store.write(async (tx) =>
            createInvitation(tx, { ...wish, user: await theUser(tx, name) }, parts.random, nowMs),
          );
          const path = `${invitationPath}?link=${secret}`;
          const url = webAddress === undefined ? null : invitationUrl(webAddress, secret);
          const shown = url ?? `https://THIS-SERVER${path}`;
          const hint = url === null ? `\n${wholeLinkHint}\n` : "";
          const text = `To add an authenticator, ${name} opens this once within ${hours} hours:\n\n  ${shown}\n${hint}\n`;
          return say(parts, options, { user: name, path, url, hours }, text);
        }
        if (webAddress === undefined)
          throw new UsageError(
            "say how people reach the server: --web-address URL, or [web] address in server.toml; or --print",
          );
        await store.write(async (tx) => {
          const post = { vault, random: parts.random };
          await inviteByMail(tx, post, await theUser(tx, name), { webAddress, hours }, nowMs);
        });
        say(
          parts,
          options,
          { user: name, hours, done: "invite" },
          `${name} is invited by mail, for ${hours} hours\n`,
        );
      }),
    );
}

type Reader = (text: string) => unknown;
const word: Reader = (text) => text;
const words: Reader = (text) => (text === "none" ? [] : text.split(","));
const whole: Reader = (text) => (/^\d{1,9}$/.test(text) ? Number(text) : text);
const yesOrNo: Reader = (text) => (text === "on" ? true : text === "off" ? false : text);

const keys: Readonly<Record<keyof Provisioning, { readonly read: Reader; readonly help: string }>> = {
  who: { read: word, help: whoMay.join(" | ") },
  groups: { read: words, help: "groups joined by commas, or none: those that `who` speaks of" },
  mailCode: { read: yesOrNo, help: "on | off: a code by mail before a first authenticator" },
  invitationHours: { read: whole, help: "hours that an invitation is good" },
  pendingMinutes: { read: whole, help: "minutes that an authenticator may wait for its first code" },
  types: { read: words, help: "what users add: totp, hotp, ocra, or some joined by commas" },
  algorithm: { read: word, help: "sha1 | sha256 | sha512; some apps take sha1 only" },
  digits: { read: whole, help: "6 | 7 | 8" },
  periodSeconds: { read: whole, help: "seconds that a time-based code is shown" },
};

export function addProvisioningCommands(program: Command, parts: CommandParts): void {
  const provisioning = program
    .command("provisioning")
    .description("which users may add authenticators by themselves, and how");

  provisioning
    .command("show")
    .description("how it is set")
    .action((_: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const setting = await readSetting(store.db, provisioningSetting);
        say(parts, options, setting, asText(setting));
      }),
    );

  provisioning
    .command("set <assignments...>")
    .description("change some of it, as KEY=VALUE")
    .addHelpText(
      "after",
      `\nKeys:\n${Object.entries(keys)
        .map(([key, { help }]) => `  ${key.padEnd(16)} ${help}`)
        .join("\n")}`,
    )
    .action((assignments: string[], _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const changes = Object.fromEntries(assignments.map(assignment));
        const setting = await store.write(async (tx) => {
          const present = await readSetting(tx, provisioningSetting);
          return writeSetting(tx, provisioningSetting, { ...present, ...changes }, parts.clock.wallMs());
        });
        say(parts, options, setting, asText(setting));
      }),
    );
}

function assignment(text: string): [string, unknown] {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(0, at));
  if (!Object.hasOwn(keys, name))
    throw new UsageError(`"${text}" sets nothing; KEY=VALUE with one of: ${Object.keys(keys).join(", ")}`);
  return [name, keys[name as keyof Provisioning].read(text.slice(at + 1))];
}

function asText(setting: Provisioning): string {
  const value = (one: Provisioning[keyof Provisioning]) =>
    Array.isArray(one) ? one.join(",") || "none" : one === true ? "on" : one === false ? "off" : String(one);
  return Object.entries(setting)
    .map(([key, one]) => `${key.padEnd(16)} ${value(one)}\n`)
    .join("");
}
