import type { SentType } from "../../../protocol/sync/policy.ts";

export interface MailTables {
  addresses: AddressTable;
  messages: MessageTable;
  signInCodes: SignInCodeTable;
  notices: NoticeTable;
}

export const addressPlaces = ["mail-1", "mail-2", "phone"] as const;
export type AddressPlace = (typeof addressPlaces)[number];

interface AddressTable {
  userId: string;
  place: AddressPlace;
  address: string;
  /** 1: one-time codes go there. */
  forCodes: number;
  /** When its user typed a code that was sent there; null: an admin, an import or a directory says so. */
  provedAtMs: number | null;
}

export type MessageState = "waiting" | "sent" | "failed" | "expired" | "cancelled";

/** Those whose codes are counted together: machines, browsers at the portal's doors, accounts that name a new address. */
export type CodeAskers = "machines" | "portal" | "accounts";

export interface MessageTable {
  id: string;
  channel: "mail" | "sms";
  /** What it is about: such as `code`. */
  kind: string;
  /** Codes go before everything else. */
  urgency: number;
  userId: string | null;
  recipient: string;
  /** The recipient as limits count it: `Alice@Example.org` is `alice@example.org`. */
  mailbox: string;
  /** Of a code: who asked for it, such as one machine, and among whom limits count it. */
  asker: string | null;
  askers: CodeAskers | null;
  /** Sealed JSON of what is to be sent; null as soon as nothing is to be sent any more. */
  sealed: string | null;
  state: MessageState;
  createdAtMs: number;
  nextTryAtMs: number;
  /** Not sent later than this. */
  expiresAtMs: number;
  /** Tries begun. */
  tries: number;
  /** Of the worker that has it now; another one may take it when the lease is over. */
  leasedBy: string | null;
  leasedUntilMs: number | null;
  /** Why the last try came to nothing: words of our own and the peer's number, never its text. */
  problem: string | null;
  endedAtMs: number | null;
}

/** A code that was sent for one sign-in: one dialogue at one machine. */
interface SignInCodeTable {
  machineId: string;
  dialogue: string;
  type: SentType;
  userId: string;
  /** Keyed hash of the code, this dialogue and this machine. */
  digest: string;
  failures: number;
  /** 0: used. */
  expiresAtMs: number;
}

/** What was told once and is not told again, such as the end of one lease; whoever writes the row sends the mail. */
interface NoticeTable {
  name: string;
  atMs: number;
}
