// Samba's domain controller: an Active Directory with its schema, its rules and its LDAP. Its ports are 389 and 636 whatever
// one says, so each has an address of its own.

import { execFile, execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Daemon, makePlace, type Place, startDaemon } from "./daemon.ts";

export const domain = "DC=corp,DC=example";
export const password = "A lamp beside the harbour 7";
/** Who asks in the server's name: a user like any other. */
export const readerDn = `CN=reader,CN=Users,${domain}`;

export interface Domain {
  readonly place: Place;
  /** Such as `ldaps://127.9.8.7`: what its certificate is for. */
  readonly url: string;
  /** LDIF, as `ldapmodify` takes it. */
  change(ldif: string): void;
  /** Its own tool. */
  tool(...args: readonly string[]): void;
  /** LDIF of what nobody may write by LDAP. */
  force(ldif: string): void;
}

export type ActiveDirectory = Domain & Daemon;

const ldapPort = 389;

/** Changes to accounts of trusts, and to times that the domain sets itself. */
const permissions = ["relax:0", "local_oid:1.3.6.1.4.1.7165.4.3.23:0", "local_oid:1.3.6.1.4.1.7165.4.3.12:0"];
const forcing = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings, *permitted = sys.argv[1:]
parameters = LoadParm()
parameters.load(settings)
database = SamDB(session_info=system_session(parameters), lp=parameters)
database.modify_ldif(sys.stdin.read(), controls=permitted)
`;

const settings = ({ folder, host, cert, key, ca }: Place) => `
[global]
netbios name = DC1
workgroup = CORP
realm = CORP.EXAMPLE
server role = active directory domain controller
server services = ldap
interfaces = ${host}/8
bind interfaces only = yes
private dir = ${folder}/domain/private
state directory = ${folder}/domain/state
cache directory = ${folder}/domain/cache
lock directory = ${folder}/domain/lock
pid directory = ${folder}/domain/run
ncalrpc dir = ${folder}/domain/ncalrpc
logging = file
log file = ${folder}/log
tls certfile = ${cert}
tls keyfile = ${key}
tls cafile = ${ca}
ldb:nosync = true
posix:eadb = ${folder}/eadb.tdb
`;

/** @throws Error without root: nobody else may provision a domain and listen at its ports. */
export async function startActiveDirectory(): Promise<ActiveDirectory> {
  if (process.getuid?.() !== 0)
    throw new Error("Samba's domain controller needs root: run scripts/test peers, or vitest with sudo");
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const place = await makePlace("root", { host, port: ldapPort });
  const config = join(place.folder, "smb.conf");
  await provision(place);
  writeFileSync(config, settings(place));
  // In one process, which ends with what it is told on its input.
  const alone = ["--interactive", "--model=single", "--no-process-group", "--debug-stdout"];
  const daemon = await startDaemon(place, "/usr/sbin/samba", [...alone, `--configfile=${config}`]);
  const url = `ldaps://${host}`;
  const administrator = ["-x", "-H", url, "-D", `CN=Administrator,CN=Users,${domain}`, "-w", password];
  const change = (ldif: string) => {
    execFileSync("ldapmodify", administrator, {
      input: ldif,
      stdio: ["pipe", "ignore", "pipe"],
      env: { ...process.env, LDAPTLS_CACERT: place.ca },
    });
  };
  const tool = (...args: readonly string[]) => {
    execFileSync("samba-tool", [...args, `--configfile=${config}`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  const force = (ldif: string) => {
    execFileSync("/usr/bin/python3", ["-c", forcing, config, ...permissions], { input: ldif, stdio: "pipe" });
  };
  change(account("reader", { under: `CN=Users,${domain}` }));
  return { ...daemon, place, url, change, tool, force };
}

async function provision({ folder, host }: Place): Promise<void> {
  // Not what this machine's own smb.conf says.
  const config = join(folder, "provision.conf");
  writeFileSync(config, "");
  const names = ["--realm=CORP.EXAMPLE", "--domain=CORP", "--host-name=dc1", `--host-ip=${host}`];
  const where = [`--configfile=${config}`, `--targetdir=${join(folder, "domain")}`];
  // File systems without extended attributes do; nobody keeps what is lost when the power goes.
  const options = [`--option=posix:eadb=${folder}/eadb.tdb`, "--option=ldb:nosync=true"];
  const args = ["domain", "provision", "--quiet", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL"];
  await promisify(execFile)("samba-tool", [
    ...args,
    ...names,
    `--adminpass=${password}`,
    ...where,
    ...options,
  ]);
}

export interface Account {
  /** The DN of what it is in. */
  readonly under: string;
  readonly cn?: string;
  readonly password?: string;
  /** Lines of LDIF about it. */
  readonly more?: readonly string[];
}

/** A user who is enabled, as LDIF. */
export function account(name: string, { under, cn = name, more = [], ...given }: Account): string {
  return [
    `dn:: ${base64(dnOf(cn, under))}`,
    "changetype: add",
    "objectClass: user",
    `sAMAccountName:: ${base64(name)}`,
    "userAccountControl: 512",
    `unicodePwd:: ${Buffer.from(`"${given.password ?? password}"`, "utf16le").toString("base64")}`,
    ...more,
    "\n",
  ].join("\n");
}

export function group(name: string, under: string, members: readonly string[]): string {
  return [
    `dn:: ${base64(dnOf(name, under))}`,
    "changetype: add",
    "objectClass: group",
    // Which may have fewer signs.
    `sAMAccountName:: ${base64(name.replaceAll(/[^\p{L}\p{N} ]/gu, ""))}`,
    ...members.map((dn) => `member:: ${base64(dn)}`),
    "\n",
  ].join("\n");
}

export function unit(name: string): string {
  return `dn: ${unitDn(name)}\nchangetype: add\nobjectClass: organizationalUnit\n\n`;
}

export function replace(dn: string, attribute: string, value: string): string {
  const line = `${attribute}:: ${base64(value)}`;
  return `dn:: ${base64(dn)}\nchangetype: modify\nreplace: ${attribute}\n${line}\n\n`;
}

export const unitDn = (name: string) => `OU=${name},${domain}`;
/** Samba wants the sign of equality escaped, too. */
export const dnOf = (cn: string, under: string) => `CN=${cn.replaceAll(/[,+"\\<>;=]/g, "\\$&")},${under}`;
export const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

/** The time of `accountExpires` and its like: tenths of microseconds since 1601. */
export const fileTime = (wallMs: number) => String((BigInt(wallMs) + 11_644_473_600_000n) * 10_000n);
