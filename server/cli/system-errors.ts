// What the system or PostgreSQL refuses, in words for whoever typed the command. An error's own text is not repeated: it may
// hold more than it should.

interface SystemError {
  readonly code: string;
  readonly path?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "that is a folder",
  EEXIST: "that is there already",
  EACCES: "this account may not",
  EPERM: "this account may not",
  ENOSPC: "the disk is full",
  EROFS: "nothing can be written there",
};

const connecting = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

/** By SQLSTATE (PostgreSQL's manual, appendix A). */
const refusals: Readonly<Record<string, string>> = {
  "28000": "it does not let this user in; check the user in the database's URL, and pg_hba.conf",
  "28P01": "the password is not right; check ~/.pgpass or the database's URL",
  "3D000": "there is no such database; check its name in the database's URL",
  "42703": "something else has tables in this database; give this server one of its own",
  "42P07": "something else has tables in this database; give this server one of its own",
  "42501": "this user may not do that; the database has to be its own",
  "53300": "it has no connection left",
  "57P03": "it is starting or stopping; try again",
};

/** Undefined for what is not known here. */
export function describeSystemError(error: SystemError): string | undefined {
  const { code, path, address, port } = error;
  const reason = reasons[code] === undefined ? undefined : `${reasons[code]} (${code})`;
  if (typeof path === "string") return `${path}: ${reason ?? code}`;
  if (reason !== undefined) return reason;
  if (connecting.has(code)) {
    const where =
      typeof address === "string" && typeof port === "number" ? ` at ${address}, port ${port}` : "";
    return `no connection${where} (${code}); where the database is PostgreSQL: is it running, and does its URL say the right place?`;
  }
  const refusal = refusals[code];
  if (refusal !== undefined) return `PostgreSQL: ${refusal} (${code})`;
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
    ? `PostgreSQL refused, with SQLSTATE ${code}`
    : undefined;
}
