// The one place that lets a request through to a page: size, origin, session, form token, role, recent code, in this order.
// Routes come from an area's table of access and from nowhere else.

import { timingSafeEqual } from "node:crypto";
import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Logger } from "pino";
import type { Clock } from "../../words/clock.ts";
import { Failure } from "../failure.ts";
import {
  confirmedForMs,
  findSession,
  formToken,
  isSeenLongAgo,
  type Session,
  sawSession,
} from "../sessions/sessions.ts";
import type { Store } from "../store/store.ts";
import type { Access, AccessTable } from "./access.ts";
import { type Area, pathWithin } from "./area.ts";
import { isFromOwnPage, sessionIdOf, type WebEnv } from "./browser.ts";
import { Form } from "./form.ts";
import { keeping, withoutSecrets } from "./kept-form.ts";
import { pageAgain, pageOf } from "./returned.ts";
import { sentence } from "./sentence.ts";
import { type Handler, type OpenHandler, type SignedIn, Visit } from "./visit.ts";

export interface GateParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A handler for each route of the table, no fewer and no more. */
export type Handlers<T extends AccessTable> = {
  readonly [R in keyof T]: T[R] extends { readonly may: "anyone" } ? OpenHandler : Handler;
};

const usualBytes = 65_536;

const statusOf = { "not-found": 404, exists: 409, invalid: 400, conflict: 409, unsafe: 409 } as const;

export function mountArea<T extends AccessTable>(
  app: Hono<WebEnv>,
  parts: GateParts,
  area: Area,
  table: T,
  handlers: Handlers<T>,
): void {
  const confirm = (handlers as Readonly<Record<string, Handler>>)[`GET ${area.base}/confirm`];
  for (const [route, access] of Object.entries<Access>(table)) {
    const [method = "", path = ""] = route.split(" ");
    const handler = (handlers as Readonly<Record<string, Handler>>)[route];
    const comesBack = method === "GET" || access.recentCode !== true || access.page !== undefined;
    if (handler === undefined || !path.startsWith(area.base) || !comesBack)
      throw new Error(`${route} can't be served`);
    const maxSize = access.mostBytes ?? usualBytes;
    const tooLarge = (context: Context) => {
      const visit = bare(app, context, parts, spoken(area, context));
      return visit.fault("Too large", `A form here has at most ${maxSize} bytes.`, 413);
    };
    app.on(method, path, bodyLimit({ maxSize, onError: tooLarge }), (context) =>
      pass(app, context, parts, spoken(area, context), { access, handler, confirm }),
    );
  }
  app.all(`${area.base}/*`, (context) => {
    const visit = bare(app, context, parts, spoken(area, context));
    const { pathname, search } = new URL(context.req.url);
    // As people type it. Only a path of this area comes out of it.
    if (context.req.method === "GET" && pathname.endsWith("/"))
      return visit.goTo(pathWithin(area, `${withoutLastSlashes(pathname)}${search}`));
    return visit.fault("Not found", "There is nothing at this address.", 404);
  });
}

/** From the end on: a pattern would begin anew at each of very many slashes. */
function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function spoken(area: Area, context: Context): Area {
  return area.spoken?.(context) ?? area;
}

interface Way {
  readonly access: Access;
  readonly handler: Handler;
  /** The page that asks for a code, of areas that have one. */
  readonly confirm: Handler | undefined;
}

async function pass(
  app: Hono<WebEnv>,
  context: Context<WebEnv>,
  parts: GateParts,
  area: Area,
  { access, handler, confirm }: Way,
): Promise<Response> {
  const nowMs = parts.clock.wallMs();
  const posted = context.req.method === "POST";
  const outside = bare(app, context, parts, area);
  if (posted && !isFromOwnPage(context))
    return outside.fault("Refused", "This form was not sent by a page of this server.", 403);
  if (posted && !isForm(context)) return outside.fault("Refused", "This is not a form of ours.", 415);
  const body = posted ? await context.req.text() : "";
  // Not every database can hold it, and no person types it.
  if ([context.req.url, body].some((text) => /%00|\0/.test(text)))
    return outside.fault("Refused", "Text with a zero byte is refused.", 400);
  const form = new Form(body);
  const id = sessionIdOf(context, area.kind) ?? "";
  const session = await findSession(parts.store.db, area.kind, id, nowMs);
  const token = session === undefined ? undefined : formToken(id);
  const visitWith = (sent: Form) => {
    const again = pageAgain(app, context, area.kind);
    return new Visit(
      { context, area, store: parts.store, form: sent, nowMs, pageAgain: again },
      session,
      token,
    );
  };
  const visit = visitWith(form);
  try {
    const refusal = await whyNot(visit, access, posted);
    if (refusal !== undefined) return refusal;
    if (access.recentCode === true && isConfirmedLongAgo(visit as SignedIn)) {
      const page = pageOf(visit, area, access);
      if (page === undefined || confirm === undefined)
        return visit.goTo(`${area.base}/confirm?to=${encodeURIComponent(pathWithin(area, visit.here))}`);
      const asked = await confirm(visitWith(keeping(form, access.sentTo ?? visit.path, page)) as SignedIn);
      return withStatus(asked, 403);
    }
    if (session !== undefined && access.may !== "anyone") await saw(parts.store, session, nowMs);
    return await handler(visit as SignedIn);
  } catch (error) {
    if (error instanceof Failure) return notDone(visit, access, error);
    const { name, stack } = error as Error;
    // The fault's own text may hold what was sent; name and place are enough to find it.
    parts.log.error(
      { error: name, at: stack?.split("\n").slice(1, 6), path: context.req.routePath },
      "fault",
    );
    return visit.fault("Fault", "The server could not answer. Its log says where it went wrong.", 500);
  }
}

/** The form's page with the reason on top, where there is one; else a page with nothing but the reason. */
async function notDone(visit: Visit, access: Access, failure: Failure): Promise<Response> {
  const { area, form } = visit;
  const status = statusOf[failure.code];
  const text = area.faults?.[status]?.text ?? sentence(failure.message);
  const page = pageOf(visit, area, access);
  if (page !== undefined) {
    const { typed, dropped } = withoutSecrets(form);
    const notice = { tone: "fault", text: dropped ? `${text} ${area.comingBack?.secrets}` : text } as const;
    const again = await visit.pageAgain(page, { notice, action: access.sentTo ?? visit.path, typed });
    if (again !== undefined) return withStatus(again, status);
  }
  return visit.fault("Not done", sentence(failure.message), status);
}

function withStatus(answer: Response, status: number): Response {
  return new Response(answer.body, { status, headers: answer.headers });
}

async function whyNot(visit: Visit, access: Access, posted: boolean): Promise<Response | undefined> {
  if (access.may === "anyone") return undefined;
  const { session, token, area } = visit;
  if (session === undefined || token === undefined) {
    const to = posted ? area.base : pathWithin(area, visit.here);
    return visit.goTo(`${area.base}/sign-in?to=${encodeURIComponent(to)}`);
  }
  if (posted && !isSame(visit.form.token, token))
    return visit.fault("Refused", "This form belongs to another session. Open the page again.", 403);
  if (access.may !== "signed-in" && !access.may.includes(session.role))
    return visit.fault("Not for this role", `Your role is "${session.role}". It may not do this.`, 403);
  return undefined;
}

function isConfirmedLongAgo({ session, nowMs }: SignedIn): boolean {
  return nowMs - session.confirmedAtMs >= confirmedForMs;
}

async function saw(store: Store, session: Session, nowMs: number): Promise<void> {
  if (isSeenLongAgo(session, nowMs)) await store.write((tx) => sawSession(tx, session, nowMs));
}

/** A visit of nobody, for what is refused before anybody is asked for. */
function bare(app: Hono<WebEnv>, context: Context<WebEnv>, parts: GateParts, area: Area): Visit {
  const { store, clock } = parts;
  const again = pageAgain(app, context, area.kind);
  const visitParts = { context, area, store, form: new Form(""), nowMs: clock.wallMs(), pageAgain: again };
  return new Visit(visitParts, undefined, undefined);
}

function isForm(context: Context): boolean {
  const type = context.req.header("content-type") ?? "";
  return type.split(";")[0]?.trim().toLowerCase() === "application/x-www-form-urlencoded";
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given, "utf8"), Buffer.from(expected, "utf8")];
  return a.length === b.length && timingSafeEqual(a, b);
}
