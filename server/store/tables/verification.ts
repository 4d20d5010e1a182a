export interface VerificationTables {
  challenges: ChallengeTable;
  pageChallenges: PageChallengeTable;
}

/** Who was given a challenge on a page: somebody who names a user, a session, or the holder of a one-time link. */
export type PageAsker = "stranger" | "session" | "link";

/** What a page shows to be answered there; it goes with the first judgement in any place that shows the same digits. */
interface PageChallengeTable {
  /** Such as one sign-in that was begun, by a hash. */
  place: string;
  /** Known or not. */
  userName: string;
  asker: PageAsker;
  /** As limits count it. */
  address: string;
  digits: string;
  drawnAtMs: number;
  givenAtMs: number;
}

/** What a dialogue was given to be answered; it goes with the first judgement of a dialogue that was given the same digits. */
interface ChallengeTable {
  machineId: string;
  dialogue: string;
  /** Known or not. */
  userName: string;
  caller: "system" | "self";
  digits: string;
  drawnAtMs: number;
  givenAtMs: number;
}
