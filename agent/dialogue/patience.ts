import type { Clock } from "../../words/clock.ts";

/**
 * How long the first prompt may wait for news of the server, so that it can say what is left offline. A server known to
 * be out of reach costs nothing.
 */
const promptPatienceMs = 100;

/** Resolves with the news, or when that is long enough to wait for them. */
export async function patiently(clock: Clock, news: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const patience = clock.sleep(promptPatienceMs, enough.signal).catch(() => undefined);
  await Promise.race([news, patience]);
  enough.abort();
}
