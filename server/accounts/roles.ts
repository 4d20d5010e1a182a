// What somebody may do in the console. Which page needs which is in one table: ../console/access.ts.

import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";

/** `help-desk` lets people in again, `auditor` sees everything and changes nothing, `admin` may do all. */
export const roles = ["none", "help-desk", "auditor", "admin"] as const;
export type Role = (typeof roles)[number];

export function parseRole(raw: unknown): Parsed<Role> {
  const role = roles.find((known) => known === raw);
  return role === undefined ? unparsed(`a role is one of ${roles.join(", ")}`) : parsed(role);
}
