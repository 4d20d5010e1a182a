export interface VerificationTables {
  challenges: ChallengeTable;
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
