// What a request says about the browser behind it: whence it comes, and the cookie with the session.

import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { SessionKind } from "../sessions/sessions.ts";
import type { Returned } from "./returned.ts";

/**
 * `clientAddress`: whom the listener found behind the request; see ../listen/admit.ts. `returned`: a form that this very program
 * sends back to its page; nothing in a request can be one.
 */
export type WebEnv = { Bindings: { readonly clientAddress?: string; readonly returned?: Returned } };

export function addressOf(context: Context<WebEnv>): string {
  return context.env?.clientAddress ?? "unknown";
}

export function isSecure(context: Context): boolean {
  return new URL(context.req.url).protocol === "https:";
}

/**
 * Whether a form was sent by one of our own pages. Browsers say so in one of two ways; who says neither is refused, and
 * so is what another site, or another name under the same domain, sent.
 */
export function isFromOwnPage(context: Context): boolean {
  const site = context.req.header("sec-fetch-site");
  const origin = context.req.header("origin");
  if (site === undefined && origin === undefined) return false;
  if (site !== undefined && site !== "same-origin") return false;
  return origin === undefined || origin === new URL(context.req.url).origin;
}

/** `__Host-`: the browser takes it from this very host only, over HTTPS only. Plain http on loopback has another. */
export function cookieName(kind: SessionKind, secure: boolean): string {
  return `${secure ? "__Host-" : ""}nightlatch-${kind}`;
}

export function sessionIdOf(context: Context, kind: SessionKind): string | undefined {
  return getCookie(context, cookieName(kind, isSecure(context)));
}

/** The cookie is gone when the browser is closed. An empty id takes it away. */
export function sessionCookie(kind: SessionKind, secure: boolean, id: string): string {
  const parts = [`${cookieName(kind, secure)}=${id}`, "Path=/", "HttpOnly", "SameSite=Strict"];
  if (secure) parts.push("Secure");
  if (id === "") parts.push("Max-Age=0");
  return parts.join("; ");
}
