// What every crash begins from: folders of a server and of a machine's state, made once by real sign-ins and put back
// before each crash. Codes of one hour each, so that a run has many of them and takes its time.

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/parts/program.ts";
import { Server } from "../../scripts/parts/server.ts";
import { code, wrongCode } from "./codes.ts";
import { framesToCheckpoint, Machine } from "./machine.ts";

const program = join(root, "dist/nightlatch-server");
export const hourSeconds = 3_600;
/** So many wrong answers in a row lock. */
export const failuresToLock = 3;

/** What the codes of a run are made of; `counter` of the first code that the template has not spent. */
export interface Person {
  readonly name: string;
  readonly secret: string;
  readonly counter: number;
}

export interface Template {
  readonly folder: string;
  readonly url: string;
  readonly caFile: string;
  /** Copies of the folders, to be put back. */
  readonly servers: Readonly<Record<"template" | "revoked-user" | "revoked-machine", string>>;
  readonly joined: string;
  /** After a kill, with a log in SQLite's write-ahead log that is nearly full. */
  readonly longLog: string;
  /** TOTP, with backup codes too. */
  readonly alice: Person;
  /** TOTP: the other user, who must never suffer. */
  readonly bob: Person;
  /** HOTP. */
  readonly carol: Person;
  /** TOTP, known to the server, not enrolled on the machine. */
  readonly dora: Person;
  readonly backupCodes: readonly string[];
  readonly joinTokens: readonly string[];
}

/** The n-th fresh code of a person. */
export const fresh = (person: Person, index = 0): string => code(person.secret, person.counter + index);
export const wrong = (person: Person): string => wrongCode(person.secret, person.counter);

export async function buildTemplate(folder: string): Promise<Template> {
  const data = join(folder, "server-data");
  mkdirSync(folder, { recursive: true });
  const server = new Server(data, program);
  await server.cli("init");
  await server.cli(
    "policy",
    "set",
    `lockout.failures=${failuresToLock}`,
    "guessLimit=10000",
    "offline.signIns=10000",
    "totpWindow.past=10",
    "totpWindow.future=10",
    "hotpLookAhead=20",
    "grace.unlocks=1",
  );
  // The template spends the oldest code in the window but two, so that an hour may end while the run goes on.
  const first = Math.floor(Date.now() / 1000 / hourSeconds) - 8;
  const totp = async (name: string): Promise<Person> => {
    await server.cli("user", "add", name);
    return { name, secret: (await server.addTotp(name, hourSeconds)).secret, counter: first };
  };
  const before = { alice: await totp("alice"), bob: await totp("bob"), dora: await totp("dora") };
  await server.cli("user", "add", "carol");
  const hotp = await server.json<{ secret: string }>("authenticator", "add", "hotp", "carol");
  const carol = { name: "carol", secret: hotp.secret, counter: 0 };
  const backup = await server.json<{ codes: string[] }>("authenticator", "add", "backup-codes", "alice");
  const joinTokens = [await server.joinToken(), await server.joinToken(), await server.joinToken()];
  await server.start();
  const { url, caFile } = server;

  const machine = new Machine(join(folder, "first"), server);
  machine.restore(undefined);
  await machine.start({ online: true });
  if (!(await machine.join(url, joinTokens[0] ?? ""))) throw new Error(`not joined:\n${machine.said}`);
  for (const person of [before.alice, before.bob, carol]) {
    const seen = await machine.signIn(person.name, { answer: fresh(person) });
    if (seen !== "granted") throw new Error(`${person.name}: ${seen}\n${machine.said}`);
  }
  await machine.sync();
  // Politely, so that the state is one file and a key.
  await machine.kill("SIGTERM");
  await server.stop();
  const joined = join(folder, "joined");
  cpSync(machine.state, joined, { recursive: true });
  const longLog = await withLongLog(machine, join(folder, "long-log"));
  const spent = (person: Person): Person => ({ ...person, counter: person.counter + 1 });
  return {
    folder,
    url,
    caFile,
    servers: await serversAfterRevocations(data, folder),
    joined,
    longLog,
    alice: spent(before.alice),
    bob: spent(before.bob),
    carol: spent(carol),
    dora: before.dora,
    backupCodes: backup.codes,
    joinTokens: joinTokens.slice(1),
  };
}

/** Sign-ins of somebody unknown are refused and noted, which is what fills the log. */
async function withLongLog(machine: Machine, to: string): Promise<string> {
  await machine.start();
  while (machine.logFrames < framesToCheckpoint - 40) await machine.signIn("nobody");
  await machine.kill();
  cpSync(machine.state, to, { recursive: true });
  return to;
}

async function serversAfterRevocations(data: string, folder: string): Promise<Template["servers"]> {
  const copy = async (name: string, ...command: string[]): Promise<string> => {
    const to = join(folder, name);
    cpSync(data, to, { recursive: true });
    if (command.length > 0) await new Server(to, program).cli(...command);
    return to;
  };
  const [machine] = await new Server(data, program).json<{ id: string }[]>("machine", "list");
  return {
    template: await copy("server-template"),
    "revoked-user": await copy("server-revoked-user", "enrolment", "revoke", "alice", "--all"),
    "revoked-machine": await copy("server-revoked-machine", "machine", "revoke", machine?.id ?? ""),
  };
}
