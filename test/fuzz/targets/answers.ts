// What an agent hears in its server's place: answers with something changed, unsigned or signed by the server's own key.

import fc from "fast-check";
import type { Reply } from "../../../agent/sync/transport.ts";
import type { Identity } from "../../../protocol/crypto/keys.ts";
import { signDocument } from "../../../protocol/crypto/signed-document.ts";
import { signResponse } from "../../../protocol/sync/http-signature.ts";
import { fine, House, type Line, said, type Token } from "../../sync/house.ts";
import { type Edit, edit, edited, flipped } from "../edits.ts";
import { canary, expectSame, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const exchanges = ["probe", "verify", "sync"] as const;

interface Input {
  readonly exchange: (typeof exchanges)[number];
  readonly edits: readonly Edit[];
  /** Within the bundle that the answer has, signed anew. */
  readonly bundleEdits: readonly Edit[];
  readonly signed: boolean;
  readonly bit: number | null;
  readonly status: number;
}

/** Answers with these and other words make a person wait: not what is tried here. */
const statuses = [200, 200, 200, 200, 200, 204, 302, 401, 409, 500];

class Home {
  readonly house: House;
  readonly alice: Token;
  readonly server: Identity;

  private constructor(house: House, alice: Token) {
    this.house = house;
    this.alice = alice;
    this.server = house.server.identity;
  }

  static async build(): Promise<Home> {
    const house = await House.build();
    const home = new Home(house, await house.user("alice"));
    await house.join();
    expectSame(said(await home.signIn()), "granted online by totp", "a first sign-in");
    return home;
  }

  /** With the right code, at a time of its own. */
  async signIn() {
    const outcome = await this.house.agent.signIn("alice", [this.alice.code()]);
    await this.house.clock.advance(60_000);
    return outcome;
  }

  line(input: Input, done: { changed: boolean }): Line {
    return async (sent, pass) => {
      const reply = await pass(sent);
      if (sent.path !== `/v1/${input.exchange}` || reply.status !== 200) return reply;
      const body = this.#changed(reply, input);
      const by = { keyId: "server", privateKey: this.server.signing.privateKey };
      const asked = sent.headers["signature"] ?? "";
      const headers = input.signed
        ? signResponse({ status: input.status, body }, asked, by, this.house.clock.wallMs())
        : reply.headers;
      done.changed = input.status !== 200 || !Buffer.from(body).equals(reply.body);
      return { status: input.status, headers: { ...headers }, body };
    };
  }

  #changed(reply: Reply, { edits, bundleEdits, bit }: Input): Uint8Array {
    const answer = JSON.parse(Buffer.from(reply.body).toString("utf8")) as {
      result?: { bundle?: { payload: string } | null };
    };
    const bundle = answer.result?.bundle;
    if (bundle && bundleEdits.length > 0) {
      const content = edited(JSON.parse(Buffer.from(bundle.payload, "base64").toString("utf8")), bundleEdits);
      if (content !== undefined)
        Object.assign(bundle, signDocument("bundle", content, this.server.signing.privateKey));
    }
    const body = Buffer.from(JSON.stringify(edited(answer, edits)) ?? "", "utf8");
    return bit === null ? body : (flipped(body, bit) ?? body);
  }
}

export const answers = target<Input>({
  name: "answers",
  what: "a server's answers to an agent, changed, and signed or not",
  inputs: fc.record({
    exchange: fc.constantFrom(...exchanges),
    edits: fc.array(edit, { maxLength: 3 }),
    bundleEdits: fc.array(edit, { maxLength: 2 }),
    signed: fc.boolean(),
    bit: fc.option(fc.nat({ max: 50_000 }), { freq: 3 }),
    status: fc.constantFrom(...statuses),
  }),
  open: async () => {
    let home = await Home.build();
    return {
      async try(input) {
        const { house } = home;
        const generation = () => house.agent.keeper.store().head.generation;
        const done = { changed: false };
        house.line = home.line(input, done);
        const before = generation();
        const outcome =
          input.exchange === "verify" ? await house.agent.signIn("alice", ["000000"]) : undefined;
        if (input.exchange === "probe") await house.agent.online.probe();
        if (input.exchange === "sync") await house.agent.actions.sync().catch(() => undefined);
        if (done.changed && !input.signed && input.exchange === "probe") {
          expectSame(generation(), before, "an answer that nobody signed changed the state");
          expectThat(house.agent.reach.state !== "reachable", "an answer that nobody signed is the server's");
        }
        if (outcome !== undefined) {
          // A server that says "granted" by its own signature has the say.
          if (!input.signed) expectThat(outcome.end.verdict !== "granted", "granted for a wrong code");
          expectThat(!JSON.stringify(outcome).includes(canary) || input.signed, "shown to the person");
          await granting(input);
        }
        house.line = fine;
        house.startAgent();
        expectSame(house.agent.keeper.condition().state, "healthy", "after it, the state is another");
        await house.agent.online.probe();
        const after = said(await home.signIn());
        if (after === "granted online by totp") return;
        expectThat(input.signed, `after an unsigned answer a right code is ${after}`);
        await house.tearDown();
        home = await Home.build();
      },
      close: () => home.house.tearDown(),
    };

    /** The same line with a right code, so that an answer with a bundle is changed. */
    async function granting(input: Input): Promise<void> {
      const { house } = home;
      await house.clock.advance(60_000);
      house.line = fine;
      await house.agent.online.probe();
      const done = { changed: false };
      house.line = home.line(input, done);
      const outcome = await home.signIn().catch((error: unknown) => {
        // What can't be taken is said by its code; the connection makes "unavailable" of it.
        expectThat(error instanceof Error && "code" in error, `an error without a code: ${String(error)}`);
        return undefined;
      });
      if (done.changed && !input.signed && outcome !== undefined)
        expectThat(!said(outcome).startsWith("granted online"), "a changed answer let somebody in as online");
    }
  },
});
