/** The figures of protocol/dialogue.md, once. Bytes are counted after decoding, except for a line's. */
export const limits = {
  /** A line with its newline. */
  lineBytes: 4096,
  userBytes: 256,
  fieldBytes: 128,
  answerBytes: 512,
  /** What the agent may put into one SHOW or ASK, so that its line fits even with every byte escaped. */
  shownBytes: 1024,
  dialogueMs: 180_000,
  answerMs: 120_000,
  silenceMs: 10_000,
  networkMs: 2_000,
  open: 64,
  openPerUser: 8,
  openPerUnprivilegedCaller: 4,
} as const;
