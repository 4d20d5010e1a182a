// The joined machine's line to its server: sequence numbers, one lane, what is remembered of reachability, and what every
// answer brings whatever was asked: the server's time and revocations. Revocations alone come with a refused number, too.

import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import {
  type ExchangeName,
  maxEventsAtOnce,
  type RequestOf,
  type ResponseOf,
} from "../../protocol/sync/exchanges.ts";
import { secondMs } from "../../words/clock.ts";
import { withServerTime } from "../policy/trusted-time.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import { Lane } from "./lane.ts";
import { type Asked, exchange, type LinkParts, type ServerKeys } from "./link.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { Reach } from "./reach.ts";
import { applyRevocations } from "./revocation.ts";
import { acceptableKeys, knownKey, learnKeys } from "./server-keys.ts";
import type { Transport } from "./transport.ts";

/** All exchanges of a joined machine. */
export type JoinedExchange = Exclude<ExchangeName, "join">;

/** What the caller says; the link adds sequence, time and what is revoked. */
export type Question<N extends JoinedExchange> = Omit<
  RequestOf<N>,
  "sequence" | "sentAtMs" | "revokedThrough"
>;

const sequencesAtOnce = 1_000;
/** The server's time is written down anew when ours has drifted from it by more than this. */
const driftMs = 2 * secondMs;

export interface ServerLinkParts extends LinkParts {
  readonly transport: Transport;
  readonly keeper: StateKeeper;
  readonly timekeeper: Timekeeper;
  readonly reach: Reach;
  readonly facts: () => MachineFacts;
  /** Overrides the address that the machine joined at. */
  readonly url: string | undefined;
}

export class ServerLink {
  readonly #parts: ServerLinkParts;
  readonly #lane = new Lane();
  #nextSequence = 0;
  #reserved = 0;

  constructor(parts: ServerLinkParts) {
    this.#parts = parts;
  }

  /** For a person who waits: `budgetMs` includes waiting for the lane. @throws NoState, StateDamaged, CommitFailed */
  askNow<N extends JoinedExchange>(name: N, question: Question<N>, budgetMs: number): Promise<Asked<N>> {
    return this.askAndTake(name, question, budgetMs, () => undefined);
  }

  /** As `askNow`; the server is spoken to about nothing else before `take` is done with the answer. */
  askAndTake<N extends JoinedExchange>(
    name: N,
    question: Question<N>,
    budgetMs: number,
    take: (response: ResponseOf<N>) => void,
  ): Promise<Asked<N>> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    return this.#lane.foreground(async (): Promise<Asked<N>> => {
      const leftMs = budgetMs - (clock.monotonicMs() - startedMs);
      if (leftMs <= 0) return { ok: false, weather: "timed-out" };
      const asked = await this.#ask(name, question, leftMs, new AbortController().signal);
      if (asked.ok) take(asked.response);
      return asked;
    });
  }

  /** Gives way to a person. @throws NoState, StateDamaged, CommitFailed */
  askLater<N extends JoinedExchange>(
    name: N,
    question: () => Question<N>,
    budgetMs: number,
  ): Promise<Asked<N>> {
    return this.#lane.background((stop) => this.#ask(name, question(), budgetMs, stop));
  }

  /** After a new join the numbers start anew. */
  reset(): void {
    this.#nextSequence = 0;
    this.#reserved = 0;
  }

  async #ask<N extends JoinedExchange>(
    name: N,
    question: Question<N>,
    budgetMs: number,
    stop: AbortSignal,
  ): Promise<Asked<N>> {
    const { keeper, timekeeper, reach, clock, url, transport } = this.#parts;
    const store = keeper.store();
    const server = store.server();
    const { identity } = store.keys;
    const common = {
      sequence: this.#takeSequence(),
      sentAtMs: Math.round(clock.wallMs()),
      revokedThrough: store.head.revokedThrough,
      ...knownKey(server),
    };
    // The compiler can't see that Question<N> and the common fields make up RequestOf<N>.
    const request = { ...question, ...common } as unknown as RequestOf<N>;
    const signer = { keyId: server.machine, privateKey: identity.signing.privateKey };
    const serverKeys = {
      known: (documents: readonly SignedDocument[] | undefined) => {
        const learnt = learnKeys(server, documents);
        return learnt && acceptableKeys(learnt, timekeeper.now(store.head.time).moment.nowMs);
      },
    };
    const startedMs = clock.monotonicMs();
    const send = (parts: LinkParts, withinMs: number) =>
      exchange(parts, url ?? server.url, name, request, signer, serverKeys, withinMs, stop);
    const asked = await send(this.#parts, budgetMs);
    if (!asked.ok) {
      if (name === "probe" && asked.weather === "certificate-dated") {
        const leftMs = budgetMs - (clock.monotonicMs() - startedMs);
        const heard = await send({ ...this.#parts, transport: transport.unverified }, leftMs);
        if (heard.ok) this.#takeWhatHolds(heard.response as ResponseOf<"probe">);
      }
      const { nowMs } = timekeeper.now(store.head.time).moment;
      this.#learn(asked.serverKeys);
      this.#revoke(asked.revocations ?? [], nowMs);
      reach.failed(asked.weather);
      return asked;
    }
    // Every response but that of `join`, which is not asked here, has these.
    const { serverTimeMs, revocations, serverKeys: news } = asked.response as ResponseOf<"probe">;
    // First of all: by the newest of them the rest is signed.
    this.#learn(news);
    this.#noteTime(serverTimeMs);
    const lastWords = revocations.length === 0 ? undefined : this.#lastWords();
    const revokedMachine = this.#revoke(revocations, serverTimeMs);
    reach.heard(serverTimeMs);
    if (revokedMachine !== undefined && lastWords !== undefined)
      await this.#reportRevoked(
        { ...lastWords, sequence: common.sequence + 1, revokedThrough: revokedMachine },
        signer,
        serverKeys,
        url ?? server.url,
      );
    return asked;
  }

  /**
   * A certificate can't be judged by a clock that is wrong, and a sync is what would set it right. So a probe, which holds
   * no secret, is sent without one; the answer is signed by the server for this very request. Nothing but time, keys and
   * revocations is taken of it: the server stays out of reach for all that TLS is to hide.
   */
  #takeWhatHolds({ serverTimeMs, revocations, serverKeys }: ResponseOf<"probe">): void {
    this.#learn(serverKeys);
    this.#noteTime(serverTimeMs);
    this.#revoke(revocations, serverTimeMs);
  }

  #learn(documents: readonly SignedDocument[] | undefined): void {
    if (documents === undefined) return;
    const { keeper, timekeeper } = this.#parts;
    const store = keeper.store();
    const known = store.server();
    const learnt = learnKeys(known, documents);
    if (learnt === undefined || learnt === known) return;
    const { moment, wallMs } = timekeeper.now(store.head.time);
    const events = [{ kind: "configuration-changed", reason: "server-key" }] as const;
    keeper.commit({ nowMs: moment.nowMs, wallMs, server: learnt, events });
    // Were it forgotten by a crash: from the key in the old note the way leads to the newest as well.
    keeper.noteServer(learnt);
  }

  #noteTime(serverMs: number): void {
    const { keeper, timekeeper } = this.#parts;
    const { time } = keeper.store().head;
    const known = timekeeper.now(time);
    const anchored = time.anchor?.bootId === known.moment.bootId;
    if (anchored && Math.abs(known.moment.nowMs - serverMs) <= driftMs) return;
    const corrected = withServerTime(serverMs, timekeeper.reading());
    const events = known.state === "turned-back" ? ([{ kind: "clock-turned-back" }] as const) : [];
    keeper.commit({ nowMs: serverMs, wallMs: known.wallMs, time: corrected, events });
  }

  /** The serial through which this machine has been revoked as a whole; undefined when it has not been. */
  #revoke(revocations: readonly SignedDocument[], nowMs: number): number | undefined {
    if (revocations.length === 0) return undefined;
    const { keeper, timekeeper } = this.#parts;
    const applied = applyRevocations(keeper, revocations, nowMs, timekeeper.reading().wallMs);
    return applied.machine ? applied.through : undefined;
  }

  /** What would be sent at a sync, read while it can be: what happened here before a revocation is not lost with it. */
  #lastWords(): Omit<RequestOf<"sync">, "sequence" | "sentAtMs" | "revokedThrough"> {
    const { keeper, facts } = this.#parts;
    const store = keeper.store();
    const { sentThrough, sentChain } = store.head.events;
    const events = { from: sentThrough + 1, previous: sentChain, lines: store.eventLines(maxEventsAtOnce) };
    return { ...facts(), events, machinePolicySerial: 0, enrolments: [] };
  }

  /** The last words of a revoked machine, with a key that is no longer stored. Nothing depends on their arrival. */
  async #reportRevoked(
    words: Omit<RequestOf<"sync">, "sentAtMs">,
    signer: { keyId: string; privateKey: Uint8Array },
    serverKeys: ServerKeys<"sync">,
    url: string,
  ): Promise<void> {
    const { clock } = this.#parts;
    const request = { ...words, sentAtMs: Math.round(clock.wallMs()) };
    const stop = new AbortController().signal;
    await exchange(this.#parts, url, "sync", request, signer, serverKeys, secondMs, stop).catch(
      () => undefined,
    );
  }

  /** Reserved durably by the thousand: a number is never used twice, also not after a crash. */
  #takeSequence(): number {
    const { keeper, timekeeper } = this.#parts;
    if (this.#nextSequence >= this.#reserved) {
      const { head } = keeper.store();
      const { moment, wallMs } = timekeeper.now(head.time);
      const reserved = head.requestSequence + sequencesAtOnce;
      keeper.commit({ nowMs: moment.nowMs, wallMs, head: { requestSequence: reserved } });
      this.#nextSequence = head.requestSequence;
      this.#reserved = reserved;
    }
    return this.#nextSequence++;
  }
}
