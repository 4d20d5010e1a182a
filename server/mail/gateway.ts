// One text message to the gateway. Its status says whether it was taken; its body is not read, and nobody is followed
// anywhere.

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { fillIn } from "./body-template.ts";
import type { Sending } from "./claim.ts";
import type { GatewayRoute } from "./gateway-setting.ts";

/** What can't be set right by time or an admin: the number or the message itself. */
const permanent = [400, 410, 413, 422];

/** Never rejects. Ends at once when `stop` is aborted, as `stopped`. */
export async function sendText(
  route: GatewayRoute,
  message: { readonly recipient: string; readonly text: string },
  stop: AbortSignal,
): Promise<Sending> {
  const filled = fillIn(route.format, route.body, { to: message.recipient, text: message.text });
  const url = new URL(route.url);
  const inQuery = route.method === "GET";
  if (inQuery) url.search = [url.search.slice(1), filled].filter((part) => part !== "").join("&");
  const body = inQuery ? "" : filled;
  const type = route.format === "json" ? "application/json" : "application/x-www-form-urlencoded";
  try {
    const status = await exchange(url, route, body, inQuery ? {} : { "content-type": type }, stop);
    if (status >= 200 && status < 300) return { kind: "sent" };
    const what = status >= 300 && status < 400 ? "the gateway points elsewhere" : "the gateway refused";
    return { kind: "failed", permanent: permanent.includes(status), problem: `${what} (${status})` };
  } catch (error) {
    if (stop.aborted) return { kind: "stopped" };
    const { code } = error as { code?: unknown };
    const why = typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : "";
    return { kind: "failed", permanent: false, problem: `the gateway can't be reached or trusted${why}` };
  }
}

function exchange(
  url: URL,
  { method, headerName, header, ca }: GatewayRoute,
  body: string,
  about: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<number> {
  const headers = {
    ...about,
    ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...(header === undefined ? {} : { [headerName]: header.use((text) => text) }),
  };
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal: stop, agent: false, maxHeaderSize: 16_384 };
    const tls = { minVersion: "TLSv1.2" as const, ...(ca === "" ? {} : { ca }) };
    const outgoing = request(url, { ...options, ...tls }, (incoming) => {
      resolve(incoming.statusCode ?? 0);
      incoming.destroy();
    });
    outgoing.on("error", reject);
    outgoing.setTimeout(30_000, () => outgoing.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    outgoing.end(body);
  });
}
