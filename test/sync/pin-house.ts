import { expect } from "vitest";
import { setPin } from "../server/pins.ts";
import { House, said, type Token } from "./house.ts";

/** A house whose policy asks for a PIN before the code; alice's is 9946, and she is enrolled. Her next code is another one. */
export async function houseWithPin(): Promise<{ house: House; alice: Token }> {
  const house = await House.build(["policy", "set", "pin.place=before", "lockout.failures=0"]);
  const alice = await house.user("alice");
  await setPin({ ...house.server, clock: house.clock }, "alice", "9946");
  await house.join();
  expect(said(await house.agent.signIn("alice", [`9946${alice.code()}`]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  return { house, alice };
}
