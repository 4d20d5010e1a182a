// What the command line ends with: one table for the code, --help and the manual.

export const exitCodes = {
  done: { code: 0, meaning: "done; for sign-in: granted" },
  failed: { code: 1, meaning: "it could not be done, or doctor found a fault; for sign-in: denied" },
  usage: { code: 2, meaning: "the command line is wrong" },
  locked: { code: 3, meaning: "sign-in only: too many failures" },
  unavailable: { code: 4, meaning: "sign-in only: it can't be decided, or was given up" },
  unreachable: { code: 5, meaning: "the agent can't be reached or trusted, or refuses to talk" },
} as const;

export type Exit = (typeof exitCodes)[keyof typeof exitCodes]["code"];

export function exitTable(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `  ${code}  ${meaning}`);
  return `Exit codes:\n${rows.join("\n")}`;
}
