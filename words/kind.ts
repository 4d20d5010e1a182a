import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** The sorts of sign-in: at the screen, at a locked screen, to gain rights (sudo, su, UAC), from afar (ssh, RDP). */
export const kinds = ["logon", "unlock", "elevate", "remote"] as const;

export type Kind = (typeof kinds)[number];

export function parseKind(raw: unknown): Parsed<Kind> {
  const kind = kinds.find((known) => known === raw);
  return kind === undefined ? unparsed(`kind must be one of ${kinds.join(", ")}`) : parsed(kind);
}
