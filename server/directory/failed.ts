// Why a sync or a look came to nothing, as the audit has it.

import { Failure } from "../failure.ts";

/** A fault's own words may hold what a directory has said. */
export function reasonOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  return `a fault: ${error instanceof Error ? error.name : "unknown"}`;
}

/** Throws what the work throws, once `tell` has told of it. */
export async function tellingFailure<T>(
  work: () => Promise<T>,
  tell: (reason: string) => Promise<void>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    try {
      await tell(reasonOf(error));
    } catch (fault) {
      throw new AggregateError(
        [error, fault],
        "what was asked of a directory has failed, and so has its entry",
      );
    }
    throw error;
  }
}
