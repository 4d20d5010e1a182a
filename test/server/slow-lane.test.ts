// The lane for slow work: so much at once, turns for those who wait, and nothing for those who have gone.

import { describe, expect, it } from "vitest";
import { SlowLane } from "../../server/verification/slow-lane.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Work that goes on until it is told to end, in the order in which it began. */
function site() {
  const lane = new SlowLane();
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const pass = (asker: string, name: string, gone?: AbortSignal) =>
    lane.pass(
      asker,
      async () => {
        began.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
        return name;
      },
      gone,
    );
  const endOne = async () => {
    ends.shift()?.();
    await turn();
  };
  const full = async () => {
    for (const name of ["one", "two", "three"]) void pass("others", name);
    await turn();
  };
  return { lane, began, pass, endOne, full };
}

describe("the lane", () => {
  it("lets three work at once, and one of those who wait when one of them ends", async () => {
    const { began, pass, endOne } = site();
    for (let at = 1; at <= 5; at++) void pass("alice", `${at}`);
    await turn();
    expect(began).toEqual(["1", "2", "3"]);
    await endOne();
    expect(began).toEqual(["1", "2", "3", "4"]);
    await endOne();
    await endOne();
    expect(began).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("gives turns: who asks once does not wait for all of who asks often", async () => {
    const { began, pass, endOne, full } = site();
    await full();
    for (let at = 1; at <= 30; at++) void pass("flood", `flood ${at}`);
    void pass("alice", "alice");
    void pass("bob", "bob");
    await turn();
    for (let at = 0; at < 4; at++) await endOne();
    expect(began.slice(3)).toEqual(["flood 1", "alice", "bob", "flood 2"]);
  });

  it("sends away whom it has 64 waiting of, and nobody else", async () => {
    const { pass, endOne, full } = site();
    await full();
    const waiting = Array.from({ length: 64 }, (_, at) => pass("flood", `flood ${at}`));
    expect(await pass("flood", "one more")).toBeUndefined();
    const alice = pass("alice", "alice");
    for (let at = 0; at < 3 + 65; at++) await endOne();
    expect(await alice).toEqual({ value: "alice" });
    expect(await Promise.all(waiting)).not.toContain(undefined);
    const again = pass("flood", "again");
    await turn();
    await endOne();
    expect(await again).toEqual({ value: "again" });
  });

  it("passes over those who have gone while they waited, without work", async () => {
    const { began, pass, endOne, full } = site();
    await full();
    const gone = new AbortController();
    const waiting = pass("machine", "for nobody", gone.signal);
    void pass("alice", "alice");
    gone.abort();
    await endOne();
    expect(await waiting).toBeUndefined();
    expect(began.slice(3)).toEqual(["alice"]);
  });

  it("goes on after work that failed", async () => {
    const { lane, began, pass } = site();
    for (let at = 0; at < 7; at++)
      await expect(lane.pass("alice", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    void pass("alice", "next");
    await turn();
    expect(began).toEqual(["next"]);
  });
});
