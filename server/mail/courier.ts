// Sends what waits, as long as the server runs: at most a few at a time, codes first. Several instances work on one queue.

import type { Logger } from "pino";
import { type Clock, hourMs, secondMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store } from "../store/store.ts";
import { type Claimed, claim, expireMessages, type Sending, settle, tryMs } from "./claim.ts";
import { sendText } from "./gateway.ts";
import { gatewayRoute } from "./gateway-setting.ts";
import type { Letter } from "./letter.ts";
import { purge } from "./purge.ts";
import { mailRoute } from "./settings.ts";
import { sendMail } from "./smtp.ts";

export interface CourierParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const mostAtOnce = 4;
/** How long what another process has queued may lie before it is seen here. */
const pollMs = 3 * secondMs;

interface Readable extends Claimed {
  readonly letter: Letter;
}
type Carrier = (message: Readable, stop: AbortSignal) => Promise<Sending>;

export class Courier {
  readonly #parts: CourierParts;
  readonly #underway = new Set<Promise<void>>();
  /** Nothing more is taken on. */
  readonly #ending = new AbortController();
  /** What is under way is cut short. */
  readonly #cut = new AbortController();
  #rung = new AbortController();
  #running: Promise<void> | undefined;
  #purgedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** Something was queued. */
  ring(): void {
    this.#rung.abort();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** A fault of one round is logged, and the next round tries anew. */
  async #run(): Promise<void> {
    const { log } = this.#parts;
    while (!this.#ending.signal.aborted) {
      this.#rung = new AbortController();
      let taken = 0;
      try {
        taken = await this.#round();
      } catch (error) {
        log.error(
          { error: (error as Error).name, code: (error as { code?: string }).code },
          "mail queue fault",
        );
      }
      if (taken === 0 || this.#underway.size >= mostAtOnce) await this.#pause();
    }
    await Promise.all(this.#underway);
  }

  /** Takes nothing more on; what is under way after `patienceMs` is cut short and put back. Resolves when all is settled. */
  async end(patienceMs: number): Promise<void> {
    this.#ending.abort();
    const done = new AbortController();
    void this.#parts.clock.sleep(patienceMs, done.signal).then(
      () => this.#cut.abort(),
      () => undefined,
    );
    await this.#running;
    done.abort();
  }

  async #round(): Promise<number> {
    const { store, vault, clock, random } = this.#parts;
    const nowMs = clock.wallMs();
    await expireMessages(store, nowMs);
    if (clock.monotonicMs() - this.#purgedMs > hourMs) {
      await purge(store, nowMs);
      this.#purgedMs = clock.monotonicMs();
    }
    const carriers = await this.#carriers();
    const room = mostAtOnce - this.#underway.size;
    const claimed = await claim(store, vault, [...carriers.keys()], room, random, nowMs);
    for (const message of claimed) {
      const carrier = carriers.get(message.channel);
      if (carrier === undefined) throw new Error("a message was claimed that nobody carries");
      const done = this.#carry(message, carrier).finally(() => {
        this.#underway.delete(done);
        this.ring();
      });
      this.#underway.add(done);
    }
    return claimed.length;
  }

  async #carriers(): Promise<Map<Claimed["channel"], Carrier>> {
    const { store, vault, clock } = this.#parts;
    const route = await mailRoute(store.db, vault);
    const gateway = await gatewayRoute(store.db, vault);
    const carriers = new Map<Claimed["channel"], Carrier>();
    if (route !== undefined)
      carriers.set("mail", (message, stop) => sendMail(route, { ...message, nowMs: clock.wallMs() }, stop));
    if (gateway !== undefined)
      carriers.set("sms", ({ recipient, letter }, stop) =>
        sendText(gateway, { recipient, text: letter.text }, stop),
      );
    return carriers;
  }

  async #carry(message: Claimed, carrier: Carrier): Promise<void> {
    const { store, clock, random, log } = this.#parts;
    const sending = await this.#try(message, carrier);
    const told = { message: message.id, channel: message.channel, tries: message.tries };
    try {
      await store.write((tx) => settle(tx, message, sending, random, clock.wallMs()));
    } catch (error) {
      // The lease ends by itself; then it is tried again.
      log.error({ ...told, error: (error as Error).name }, "mail not settled");
    }
    if (sending.kind === "failed") log.warn({ ...told, problem: sending.problem }, "mail not sent");
    else log.info(told, sending.kind === "sent" ? "mail sent" : "mail put back");
  }

  async #try(message: Claimed, carrier: Carrier): Promise<Sending> {
    const { clock } = this.#parts;
    const { letter } = message;
    if (letter === undefined)
      return { kind: "failed", permanent: true, problem: "what was to be sent does not open any more" };
    const over = new AbortController();
    const tooLate = new AbortController();
    void clock.sleep(tryMs, over.signal).then(
      () => tooLate.abort(),
      () => undefined,
    );
    const stop = AbortSignal.any([this.#cut.signal, tooLate.signal]);
    const sending = await carrier({ ...message, letter }, stop);
    over.abort();
    if (sending.kind !== "stopped" || this.#cut.signal.aborted) return sending;
    return { kind: "failed", permanent: false, problem: "no answer in time" };
  }

  async #pause(): Promise<void> {
    const signal = AbortSignal.any([this.#rung.signal, this.#ending.signal]);
    await this.#parts.clock.sleep(pollMs, signal).catch(() => undefined);
  }
}
