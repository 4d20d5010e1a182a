// A form that was not carried out comes back on its own page, as if that were opened anew by the same browser: session, role and
// code are asked for again on the way.

import type { Context, Hono } from "hono";
import type { Notice } from "../pages/layout.ts";
import type { SessionKind } from "../sessions/sessions.ts";
import { type Area, pathWithin } from "./area.ts";
import type { Access } from "./access.ts";
import { cookieName, isSecure, type WebEnv } from "./browser.ts";
import type { Form } from "./form.ts";
import type { Visit } from "./visit.ts";

export interface Returned {
  readonly notice: Notice;
  /** Where the form is sent. */
  readonly action: string;
  readonly typed: Form;
}

/** Undefined where the page can't be shown, such as that of a user who is gone. `id`: of the session that goes on. */
export type PageAgain = (path: string, returned: Returned, id?: string) => Promise<Response | undefined>;

export function pageAgain(app: Hono<WebEnv>, context: Context<WebEnv>, kind: SessionKind): PageAgain {
  return async (path, returned, id) => {
    const headers = new Headers();
    for (const name of ["cookie", "accept-language", "user-agent"]) {
      const value = context.req.header(name);
      if (value !== undefined) headers.set(name, value);
    }
    if (id !== undefined)
      headers.set("cookie", withCookie(headers.get("cookie") ?? "", cookieName(kind, isSecure(context)), id));
    const url = new URL(context.req.url).origin + path;
    const seen = await app.fetch(new Request(url, { headers }), { ...context.env, returned });
    return seen.status === 200 ? seen : undefined;
  };
}

function withCookie(cookies: string, name: string, id: string): string {
  const others = cookies.split("; ").filter((one) => one !== "" && !one.startsWith(`${name}=`));
  return [...others, `${name}=${id}`].join("; ");
}

/** The page of a form that was sent: as the browser names it, if it is that page at all, so that a list stays narrowed. */
export function pageOf(visit: Visit, area: Area, access: Access): string | undefined {
  const { page } = access;
  if (page === undefined) return undefined;
  const [path = "", names] = (typeof page === "string" ? page : page(visit.form)).split("?");
  const plain = path.replaceAll(/:([a-z]+)/gi, (_, name) => encodeURIComponent(visit.param(name)));
  if (visit.cameFrom.split("?")[0] === plain) return pathWithin(area, visit.cameFrom);
  const asked = names === undefined ? [] : visit.form.all(names).map((value) => [names, value]);
  const query = new URLSearchParams(asked).toString();
  return pathWithin(area, query === "" ? plain : `${plain}?${query}`);
}
