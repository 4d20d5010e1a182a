/** Why an admin's wish was not carried out. The message says what to do and may be shown; everything else thrown is a fault. */
export class Failure extends Error {
  readonly code: "not-found" | "exists" | "invalid" | "conflict" | "unsafe";

  constructor(code: Failure["code"], message: string) {
    super(message);
    this.name = "Failure";
    this.code = code;
  }
}
