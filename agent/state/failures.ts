// The ways in which state can fail. All of them end as `unavailable`: none is an empty state.

/** How a state is lost: altered, swapped or cut off; put back as it once was; or sealed by a key that is gone. */
export type Loss = "state-damaged" | "state-turned-back" | "key-lost";

/** What is stored can't be what was written last. */
export class StateDamaged extends Error {
  readonly code = "STATE_DAMAGED";
  /** Which part, for the log and for `nightlatch status`. */
  readonly where: string;
  readonly loss: Loss;

  constructor(where: string, cause?: unknown, loss: Loss = "state-damaged") {
    super(`the stored state is damaged: ${where}`, { cause });
    this.where = where;
    this.loss = loss;
  }
}

/**
 * The state can't be read now, or by this version: another process has it, the disk fails, it is a later version's.
 * Nothing is lost as far as anybody knows, so nothing may be put in its place.
 */
export class StateUnreadable extends Error {
  readonly code = "STATE_UNREADABLE";
  readonly where: string;

  constructor(where: string, cause?: unknown) {
    super(`the stored state can't be read: ${where}`, { cause });
    this.where = where;
  }
}

/** The secret can't be sealed by the protector that was asked for; nothing has changed. */
export class ProtectorUnusable extends Error {
  readonly code = "PROTECTOR_UNUSABLE";

  constructor(why: string, cause?: unknown) {
    super(why, { cause });
  }
}

/** A commit did not become durable, or may not have: nothing it was to allow may be allowed. */
export class CommitFailed extends Error {
  readonly code = "COMMIT_FAILED";

  constructor(cause: unknown) {
    super("the state could not be written durably", { cause });
  }
}

/** There is no state to speak of: not joined yet, or revoked. */
export class NoState extends Error {
  readonly code = "NO_STATE";
  readonly why: "not-joined" | "revoked";

  constructor(why: "not-joined" | "revoked") {
    super(why === "revoked" ? "this machine was revoked" : "this machine has not joined a server yet");
    this.why = why;
  }
}

/** What can be read of some rows; those that are damaged are counted, and stand in nobody else's way. */
export function readableOf<T>(
  ids: Iterable<string>,
  read: (id: string) => T | undefined,
): { readonly readable: readonly T[]; readonly damaged: number } {
  const readable: T[] = [];
  let damaged = 0;
  for (const id of ids) {
    try {
      const content = read(id);
      if (content !== undefined) readable.push(content);
    } catch (error) {
      if (!(error instanceof StateDamaged)) throw error;
      damaged += 1;
    }
  }
  return { readable, damaged };
}
