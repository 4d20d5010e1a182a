import { type Command, Option } from "commander";
import { renderUnicodeCompact } from "uqr";
import { algorithms } from "../../otp/hotp.ts";
import { answerableSuite, suiteForm } from "../../otp/response.ts";
import {
  addOtp,
  type KeyAuthenticator,
  type ListedAuthenticator,
  listAuthenticators,
  makeBackupCodes,
  type NewOtp,
  recommendedSecretBytes,
  removeAuthenticator,
  replaceBackupCodes,
} from "../authenticators/manage.ts";
import { inShort, ocraUri, provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Store } from "../store/store.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, wholeNumberOption, withServer } from "./command-parts.ts";
import { addMachineSeedCommands } from "./machine-seeds.ts";
import { addInviteCommand } from "./provisioning.ts";
import { type SecretOptions, secretOf, withSecretOptions } from "./secret-options.ts";
import { table, UsageError } from "./terminal.ts";

export function addAuthenticatorCommands(program: Command, parts: CommandParts): void {
  const authenticator = program.command("authenticator").description("what users prove themselves with");
  const add = authenticator.command("add").description("add one and show its secret, once");

  const addOtpCommand = (type: "totp" | "hotp", description: string) =>
    withSecretOptions(add.command(`${type} <user>`))
      .description(description)
      .addOption(new Option("--algorithm <name>", "hash function").choices(algorithms))
      .addOption(new Option("--digits <number>", "length of a code").choices(["6", "7", "8"]))
      .option("--qr", "print the QR code also when standard output is no terminal");

  addOtpCommand("totp", "a time-based authenticator app or token")
    .option("--period <seconds>", "seconds that a code is shown", wholeNumberOption(10, 86_400))
    .action(async (user: string, given: OtpOptions & { period?: number }, command: Command) => {
      const otp = await otpOf(parts, "totp", given);
      await addAndShow(command, user, { ...otp, periodSeconds: given.period }, given.qr === true);
    });
  addOtpCommand("hotp", "a counter-based authenticator app or token")
    .option("--counter <number>", "the next counter", wholeNumberOption(0, 1e12), 0)
    .action(async (user: string, given: OtpOptions & { counter: number }, command: Command) => {
      const otp = await otpOf(parts, "hotp", given);
      await addAndShow(command, user, { ...otp, counter: given.counter }, given.qr === true);
    });

  withSecretOptions(add.command("ocra <user>"))
    .description("a challenge-response token: it answers the challenge that a sign-in shows")
    .option("--suite <name>", "what it computes (RFC 6287), such as OCRA-1:HOTP-SHA256-8:QN08-T1M")
    .action(async (user: string, given: SecretOptions & { suite?: string }, command: Command) => {
      if (given.suite !== undefined && answerableSuite(given.suite) === undefined)
        throw new UsageError(`--suite: give one like ${suiteForm}`);
      const secret = await secretOf(parts, given);
      const wish = { type: "ocra", suite: given.suite, secret, counter: 0 } as const;
      return addAndShow(command, user, wish, false);
    });

  const addAndShow = async (command: Command, userName: string, wish: NewOtp, qr: boolean) =>
    withServer(command, parts, async ({ store, vault }, options) => {
      if (wish.secret !== undefined && wish.secret.length < recommendedSecretBytes)
        parts.terminal.err(
          `warning: the secret has ${wish.secret.length} bytes; RFC 4226 asks for at least ${recommendedSecretBytes}\n`,
        );
      const { user, added } = await store.write(async (tx) => {
        const found = await theUser(tx, userName);
        const made = await addOtp(tx, vault, found, wish, parts.random, parts.clock.wallMs());
        return { user: found.name, added: made };
      });
      const secret = secretText(added);
      if (added.type === "ocra") {
        await noteUnasked(parts, store, user);
        const hex = Buffer.from(added.secret, "base64").toString("hex");
        const text = `suite   ${added.suite}\nbase32  ${secret}\nhex     ${hex}\n`;
        return say(parts, options, { user, ...shown(added), secret, uri: ocraUri(added, user) }, text);
      }
      const uri = provisioningUri(added, user);
      const picture = qr || parts.terminal.outIsTerminal ? `${renderUnicodeCompact(uri)}\n` : "";
      say(parts, options, { user, ...shown(added), secret, uri }, `${uri}\n${picture}`);
    });

  add
    .command("backup-codes <user>")
    .description("ten single-use codes for paper; they take the place of the user's old ones")
    .action(async (userName: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        await theUser(store.db, userName);
        const made = await makeBackupCodes(parts.random);
        const user = await store.write(async (tx) => {
          const found = await theUser(tx, userName);
          await replaceBackupCodes(tx, vault, found, made, parts.clock.wallMs());
          return found.name;
        });
        const { id, type } = made.authenticator;
        say(parts, options, { id, type, user, codes: made.shown }, `${made.shown.join("\n")}\n`);
      }),
    );

  addMachineSeedCommands(authenticator, parts);
  addInviteCommand(authenticator, parts);

  authenticator
    .command("list <user>")
    .description("a user's authenticators, without their secrets")
    .action(async (userName: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const user = await theUser(store.db, userName);
        const listed = await listAuthenticators(store.db, vault, user);
        const rows = listed.map(({ authenticator: one, createdAtMs }) => [
          one.id,
          one.type,
          inShort(one),
          secondTime(createdAtMs),
        ]);
        const text = table(["ID", "TYPE", "", "ADDED"], rows, `${user.name} has no authenticator yet`);
        say(
          parts,
          options,
          listed.map((one) => ({ user: user.name, ...listedJson(one) })),
          text,
        );
      }),
    );

  authenticator
    .command("remove <user> <id>")
    .description("remove one; machines forget it at their next sync")
    .action(async (userName: string, id: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        await store.write(async (tx) =>
          removeAuthenticator(tx, await theUser(tx, userName), id, parts.clock.wallMs()),
        );
        say(parts, options, { user: userName, id, done: "remove" }, `removed ${id}\n`);
      }),
    );
}

/** Said at once, and not when the user stands before a prompt that takes no response. */
async function noteUnasked({ terminal }: CommandParts, { db }: Store, userName: string): Promise<void> {
  const { id } = await theUser(db, userName);
  const { name, policy } = await policyOf(db, { userId: id, machineId: null });
  if (policy.online.factors.some((question) => question.includes("ocra"))) return;
  terminal.err(`note: the policy "${name}" asks for no response; put ocra into its online.factors\n`);
}

interface OtpOptions extends SecretOptions {
  algorithm?: "sha1" | "sha256" | "sha512";
  digits?: "6" | "7" | "8";
  qr?: boolean;
}

async function otpOf(parts: CommandParts, type: "totp" | "hotp", given: OtpOptions): Promise<NewOtp> {
  const secret = await secretOf(parts, given);
  const digits = given.digits && ({ "6": 6, "7": 7, "8": 8 } as const)[given.digits];
  return { type, algorithm: given.algorithm, digits, counter: 0, secret };
}

/** Everything but the secret. */
function shown(authenticator: KeyAuthenticator): object {
  if (authenticator.type === "ocra") {
    const { id, type, suite } = authenticator;
    return { id, type, suite };
  }
  const { id, type, algorithm, digits } = authenticator;
  return authenticator.type === "totp"
    ? { id, type, algorithm, digits, periodSeconds: authenticator.periodSeconds }
    : { id, type, algorithm, digits, counter: authenticator.counter };
}

function listedJson({ authenticator, createdAtMs }: ListedAuthenticator): object {
  const createdAt = isoTime(createdAtMs);
  if (authenticator.type !== "backup-codes") return { ...shown(authenticator), createdAt };
  const { id, type, codes, usedIds } = authenticator;
  return { id, type, codesLeft: codes.length - usedIds.length, createdAt };
}
