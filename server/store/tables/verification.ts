export interface VerificationTables {
  challenges: ChallengeTable;
}

/** What a dialogue was given to be answered; it goes with the first judgement of that dialogue. */
interface ChallengeTable {
  machineId: string;
  dialogue: string;
  /** Known or not. */
  userName: string;
  caller: "system" | "self";
  digits: string;
  givenAtMs: number;
}
