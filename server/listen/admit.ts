// Before anything is read of a request: may its address have another one now?

import type { Logger } from "pino";
import { refuse } from "../api/signed-exchange.ts";
import type { Metrics } from "../monitoring/metrics.ts";
import type { ClientAddresses } from "./client-address.ts";
import type { RequestLimit } from "./request-limit.ts";

/** What the HTTP adaptor hands over beside the request. */
interface Surroundings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
}

export type Fetch = (request: Request, surroundings?: object) => Response | Promise<Response>;

export interface AdmitParts {
  readonly limit: RequestLimit;
  readonly addresses: ClientAddresses;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** `fetch` finds the address it is asked from in `env.clientAddress`. */
export function admitting(fetch: Fetch, { limit, addresses, metrics, log }: AdmitParts): Fetch {
  return (request, surroundings) => {
    const connection =
      (surroundings as Surroundings | undefined)?.incoming?.socket?.remoteAddress ?? "unknown";
    const clientAddress = addresses.of(connection, request.headers.get("x-forwarded-for") ?? undefined);
    const admission = limit.admit(clientAddress);
    if (admission === "admitted") return fetch(request, { ...surroundings, clientAddress });
    metrics.limited();
    if (admission === "refused-first") log.warn({ address: clientAddress }, "too many requests");
    const refusal = refuse("too-many");
    refusal.headers.set("retry-after", "60");
    refusal.headers.set("cache-control", "no-store");
    return refusal;
  };
}
