// The agent's half of `provide` for a user who has no authenticator yet.

import type { Elsewhere, FirstProved, FirstStep, SignInProvisioning } from "../dialogue/ports.ts";
import type { Attempt } from "../policy/situation.ts";
import type { Online, OnlineParts } from "./online.ts";
import { openElsewhere, openProvided, sealCode } from "./provided.ts";
import type { Question } from "./server-link.ts";

export interface ProvisioningParts extends Pick<OnlineParts, "link" | "keeper" | "budgetMs"> {
  readonly online: Online;
  /** Overrides the address that the machine joined at. */
  readonly url: string | undefined;
}

type Step = Question<"provide">["step"];

export class FirstAuthenticator implements SignInProvisioning {
  readonly #parts: ProvisioningParts;

  constructor(parts: ProvisioningParts) {
    this.#parts = parts;
  }

  async begin(attempt: Attempt, dialogue: string): Promise<FirstStep> {
    return this.#step(dialogue, { do: "add-first", ...who(attempt) });
  }

  async beginElsewhere(attempt: Attempt, dialogue: string): Promise<Elsewhere | undefined> {
    const { keeper, url } = this.#parts;
    const result = await this.#ask(dialogue, { do: "add-elsewhere", ...who(attempt) });
    if (result?.is !== "elsewhere") return undefined;
    const store = keeper.store();
    const opened = openElsewhere(store.keys.identity.box, result.sealed);
    return opened && { ...opened, address: opened.address ?? url ?? store.server().url };
  }

  async proveMail(attempt: Attempt, dialogue: string, ticket: string, code: string): Promise<FirstStep> {
    return this.#step(dialogue, { do: "prove-mail", ...who(attempt), ticket, sealedCode: this.#seal(code) });
  }

  /** @throws NoState, StateDamaged, CommitFailed */
  async prove(attempt: Attempt, dialogue: string, code: string): Promise<FirstProved> {
    const step = { do: "prove-first", ...who(attempt), sealedCode: this.#seal(code) } as const;
    const result = await this.#ask(dialogue, step);
    if (result?.is === "wrong" || result?.is === "waiting" || result?.is === "added")
      return { is: result.is };
    if (result?.is !== "granted") return { is: "refused" };
    this.#parts.online.settle(attempt, result.bundle);
    return { is: "granted", method: result.method, mayEnrol: result.mayEnrol };
  }

  async #step(dialogue: string, step: Step): Promise<FirstStep> {
    const result = await this.#ask(dialogue, step);
    if (result?.is === "mailed") return { is: "mailed", ticket: result.ticket, to: result.to };
    if (result?.is === "wrong") return { is: "wrong" };
    if (result?.is !== "shown") return { is: "refused" };
    const provided = openProvided(this.#parts.keeper.store().keys.identity.box, result.sealed);
    return provided === undefined ? { is: "refused" } : { is: "shown", provided };
  }

  async #ask(dialogue: string, step: Step) {
    const { link, budgetMs } = this.#parts;
    const asked = await link.askNow("provide", { dialogue, step }, budgetMs);
    return asked.ok ? asked.response.result : undefined;
  }

  #seal(code: string): string {
    return sealCode(this.#parts.keeper.store().server().boxKey, code);
  }
}

function who({ user, kind, service }: Attempt) {
  return { user, kind, service };
}
