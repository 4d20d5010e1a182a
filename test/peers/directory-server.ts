// OpenLDAP's slapd with people, groups and groups in groups.

import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, makePlace, type Place, startDaemon } from "./daemon.ts";

export const base = "dc=corp,dc=example";
export const bindDn = `cn=admin,${base}`;
export const password = "s3cret of the directory";

export interface DirectoryServer extends Daemon {
  readonly place: Place;
  /** LDIF, as `ldapmodify` takes it. */
  change(ldif: string): void;
}

const settings = (place: Place, data: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include ${place.folder}/account-control.schema
pidfile ${place.folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCACertificateFile ${place.ca}
TLSCertificateFile ${place.cert}
TLSCertificateKeyFile ${place.key}
sizelimit size.soft=100 size.hard=100 size.prtotal=300
referral ldap://elsewhere.example
database mdb
suffix "${base}"
rootdn "cn=root,${base}"
rootpw "${password}"
directory ${data}
index objectClass eq
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
access to attrs=userPassword by anonymous auth
access to * by dn.exact="${bindDn}" read by * none
`;

const schema = `
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.11.999 NAME 'accountControlled' SUP top AUXILIARY MAY userAccountControl )
`;

const tree = `
dn: ${base}
objectClass: dcObject
objectClass: organization
o: Corp
dc: corp

dn: ${bindDn}
objectClass: person
cn: admin
sn: admin
userPassword: ${password}

dn: ou=people,${base}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${base}
objectClass: organizationalUnit
ou: groups
`;

/** At two ports: plain text with StartTLS at the first, TLS at the next. `certifiedFor`: such as `DNS:localhost`, and nothing else. */
export async function startDirectory(tlsPort: number, certifiedFor?: string): Promise<DirectoryServer> {
  const place = await makePlace("openldap");
  if (certifiedFor !== undefined) certify(place, certifiedFor);
  const data = join(place.folder, "data");
  mkdirSync(data);
  if (place.as.uid !== undefined) chownSync(data, place.as.uid, place.as.gid ?? 0);
  const config = join(place.folder, "slapd.conf");
  writeFileSync(config, settings(place, data));
  writeFileSync(join(place.folder, "account-control.schema"), schema);
  const urls = `ldap://127.0.0.1:${place.port}/ ldaps://127.0.0.1:${tlsPort}/`;
  const daemon = await startDaemon(place, "/usr/sbin/slapd", ["-d", "0", "-f", config, "-h", urls]);
  const root = ["-x", "-H", `ldap://127.0.0.1:${place.port}`, "-D", `cn=root,${base}`, "-w", password];
  const change = (ldif: string) => {
    execFileSync("ldapmodify", [...root, "-a"], { input: ldif, stdio: ["pipe", "ignore", "pipe"] });
  };
  change(tree);
  return { ...daemon, place, change };
}

/** By the same authority, for these names alone. */
function certify({ folder, cert, key, as }: Place, names: string): void {
  const by = ["-CA", join(folder, "tls/ca.pem"), "-CAkey", join(folder, "tls/ca.key")];
  const about = ["-subj", "/CN=directory", "-addext", `subjectAltName=${names}`, "-days", "2", "-nodes"];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...made, ...about, ...by], { stdio: "ignore" });
  for (const path of [cert, key]) chownSync(path, as.uid ?? process.getuid?.() ?? 0, as.gid ?? 0);
}

export function person(uid: string, more: readonly string[] = []): string {
  const cn = more.some((line) => line.startsWith("cn:")) ? [] : [`cn: ${uid}`];
  return [
    `dn: uid=${uid},ou=people,${base}`,
    "changetype: add",
    "objectClass: inetOrgPerson",
    "objectClass: accountControlled",
    `uid: ${uid}`,
    "sn: x",
    ...cn,
    ...more,
    "\n",
  ].join("\n");
}

export function group(cn: string, members: readonly string[]): string {
  const lines = [
    `dn: cn=${cn},ou=groups,${base}`,
    "changetype: add",
    "objectClass: groupOfNames",
    `cn: ${cn}`,
  ];
  return [...lines, ...members.map((dn) => `member: ${dn}`), "\n"].join("\n");
}

export const removed = (uid: string) => `dn: ${personDn(uid)}\nchangetype: delete\n\n`;

/** The same entry, under another name. */
export const renamed = (uid: string, to: string) =>
  `dn: ${personDn(uid)}\nchangetype: modrdn\nnewrdn: uid=${to}\ndeleteoldrdn: 1\n\n`;

/** The same entry, in another branch. */
export function moved(dn: string, to: string): string {
  const lines = [`dn: ${dn}`, "changetype: modrdn", `newrdn: ${dn.split(",", 1)[0]}`, "deleteoldrdn: 1"];
  return [...lines, `newsuperior: ou=${to},${base}`, "\n"].join("\n");
}

export const personDn = (uid: string) => `uid=${uid},ou=people,${base}`;
export const groupDn = (cn: string) => `cn=${cn},ou=groups,${base}`;
