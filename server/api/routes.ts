// The exchanges as they are served and described: one table for both.

import { exchanges } from "../../protocol/sync/exchanges.ts";
import type { RefusalCode } from "./refusal.ts";

const always: readonly RefusalCode[] = ["malformed", "unsigned", "too-large", "too-many", "internal"];

/** Of joined machines. What has given up meanwhile is not carried out; a used number is refused with a signature. */
const joined: readonly RefusalCode[] = [...always, "unavailable"];

export const routes = {
  join: {
    ...exchanges.join,
    summary: "Make a machine known, by a join token and the machine's own signature",
    refuses: [...always, "join-refused", "sequence-conflict"],
  },
  probe: {
    ...exchanges.probe,
    summary: "Is the server there, is it the server, what time is it",
    refuses: joined,
  },
  sendCode: {
    ...exchanges.sendCode,
    summary: "Send a user a code for one sign-in, by mail or text message",
    refuses: joined,
  },
  challenge: {
    ...exchanges.challenge,
    summary: "Give a dialogue the challenge that a response is good for",
    refuses: joined,
  },
  verify: {
    ...exchanges.verify,
    summary: "Judge a user's answers at an online sign-in",
    refuses: joined,
  },
  recover: {
    ...exchanges.recover,
    summary: "Give a machine that has lost its state or key new ones, along with a user's online sign-in",
    refuses: always,
  },
  enrol: {
    ...exchanges.enrol,
    summary: "Begin offline use for the user of a sign-in granted within five minutes",
    refuses: joined,
  },
  provide: {
    ...exchanges.provide,
    summary: "Show a person, on the screen of a sign-in, what later sign-ins are proved with",
    refuses: joined,
  },
  sync: {
    ...exchanges.sync,
    summary: "Bring events up; bundles, machine policy and revocations down",
    refuses: joined,
  },
  rotate: {
    ...exchanges.rotate,
    summary: "Offer new keys, which hold from the first request on that is signed with them",
    refuses: joined,
  },
} as const;

export type RouteName = keyof typeof routes;
