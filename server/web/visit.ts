// One request for a page: who asks, what was sent, and the ways to answer.

import type { Context } from "hono";
import { operatedBy } from "../audit/operator.ts";
import { Failure } from "../failure.ts";
import { pageHeaders } from "../pages/headers.ts";
import type { Markup } from "../pages/markup.ts";
import { type Frame, type Notice, type Page, wholePage } from "../pages/layout.ts";
import { filledIn, hasOptionalSecret } from "../pages/filled-in.ts";
import { isOpen, type Session } from "../sessions/sessions.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Area } from "./area.ts";
import { addressOf, isSecure, sessionCookie, type WebEnv } from "./browser.ts";
import type { Form } from "./form.ts";
import { withoutSecrets } from "./kept-form.ts";
import type { PageAgain } from "./returned.ts";

export interface VisitParts {
  readonly context: Context<WebEnv>;
  readonly area: Area;
  readonly store: Store;
  readonly form: Form;
  readonly nowMs: number;
  readonly pageAgain: PageAgain;
}

/** Of whoever asks; `session` is there where somebody is signed in. */
export class Visit {
  readonly area: Area;
  readonly form: Form;
  readonly nowMs: number;
  readonly session: Session | undefined;
  /** What forms of this session carry. */
  readonly token: string | undefined;
  /** The page of a form that was not carried out, with what was typed in it. */
  readonly pageAgain: PageAgain;
  readonly #context: Context<WebEnv>;
  readonly #store: Store;

  constructor(parts: VisitParts, session: Session | undefined, token: string | undefined) {
    this.area = parts.area;
    this.form = parts.form;
    this.nowMs = parts.nowMs;
    this.pageAgain = parts.pageAgain;
    this.session = session;
    this.token = token;
    this.#context = parts.context;
    this.#store = parts.store;
  }

  /** Of the path's pattern, such as `id` of `/admin/users/:id`. */
  param(name: string): string {
    return this.#context.req.param(name) ?? "";
  }

  query(name: string): string {
    return this.#context.req.query(name) ?? "";
  }

  get queries(): URLSearchParams {
    return new URL(this.#context.req.url).searchParams;
  }

  get path(): string {
    return this.#context.req.path;
  }

  /** Path and query, as they stand in the browser. */
  get here(): string {
    const { pathname, search } = new URL(this.#context.req.url);
    return pathname + search;
  }

  /** How this very browser reaches the server. */
  get origin(): string {
    return new URL(this.#context.req.url).origin;
  }

  /** The path of the page with the form; empty when the browser does not say. */
  get cameFrom(): string {
    const referer = URL.parse(this.#context.req.header("referer") ?? "");
    return referer === null ? "" : referer.pathname + referer.search;
  }

  /** Over HTTPS. */
  get secure(): boolean {
    return isSecure(this.#context);
  }

  get address(): string {
    return addressOf(this.#context);
  }

  get browser(): string {
    return this.#context.req.header("user-agent") ?? "";
  }

  /**
   * The page within its area's frame. A notice that the page before left for it is shown on top. A form that was refused, or
   * comes back, is filled in as it was sent.
   */
  page(page: Omit<Page, "path">, status = 200): Response {
    const left = this.area.notices[this.query("done")];
    const notice: Notice | undefined =
      page.notice ?? (left === undefined ? undefined : { tone: "done", text: left });
    const refused = this.#context.req.method === "POST" && status >= 400;
    const back = this.#context.env?.returned ?? (refused ? this.#refused(page.content, notice) : undefined);
    const markup = wholePage(this.#frame(), {
      ...page,
      notice: back === undefined ? notice : back.notice,
      path: this.path,
    }).toString();
    const text = back === undefined ? markup : filledIn(markup, back.action, back.typed);
    return new Response(text, { status, headers: pageHeaders(isSecure(this.#context)) });
  }

  #refused(content: Markup, notice: Notice | undefined) {
    const { typed, dropped } = withoutSecrets(this.form);
    const secrets =
      dropped && hasOptionalSecret(content.toString()) ? this.area.comingBack?.secrets : undefined;
    const said = secrets === undefined ? notice : withSentence(notice, secrets);
    return { action: this.path, typed, notice: said };
  }

  /** A plain page that says what was wrong. */
  fault(title: string, text: string, status: number): Response {
    const said = this.area.faults?.[status] ?? { title, text };
    const notice = { tone: "fault", text: said.text } as const;
    return this.page({ title: said.title, notice, content: this.area.wayOut }, status);
  }

  /** A file to be kept, sent while it is read. */
  csv(name: string, content: AsyncIterable<Uint8Array>): Response {
    return new Response(ReadableStream.from(content), {
      headers: {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": `attachment; filename="${name}"`,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
      },
    });
  }

  data(value: unknown): Response {
    return Response.json(value, {
      headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
    });
  }

  /**
   * To another page of ours; `done` names one of the area's notices. A script that asked for a part of a page is told to
   * go there as a whole.
   */
  goTo(path: string, done?: string): Response {
    const at = done === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}done=${done}`;
    const headers = { ...pageHeaders(isSecure(this.#context)), location: at };
    if (this.#context.req.header("hx-request") === undefined)
      return new Response(null, { status: 303, headers });
    return new Response(null, { status: 200, headers: { ...headers, "hx-redirect": at } });
  }

  /** The answer along with a cookie for a session; an empty id ends it in this browser. */
  withSession(response: Response, id: string, kind = this.area.kind): Response {
    response.headers.append("set-cookie", sessionCookie(kind, isSecure(this.#context), id));
    return response;
  }

  /**
   * Changes of the person who asks: the audit names them.
   * @throws Failure when the session has ended since it was found: rights and passwords end it, and nothing comes after.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const { session } = this;
    if (session === undefined) throw new Error("nobody is signed in whose change this could be");
    return operatedBy(this.#store, `${this.area.kind}: ${session.userName}`).write(async (tx) => {
      if (!(await isOpen(tx, session)))
        throw new Failure("conflict", "your session has ended; sign in again");
      return work(tx);
    });
  }

  #frame(): Frame {
    return this.area.frame(this.session, this.token);
  }
}

function withSentence(notice: Notice | undefined, sentence: string): Notice {
  return notice === undefined
    ? { tone: "fault", text: sentence }
    : { ...notice, text: `${notice.text} ${sentence}` };
}

export type SignedIn = Visit & { readonly session: Session; readonly token: string };
export type OpenHandler = (visit: Visit) => Promise<Response>;
export type Handler = (visit: SignedIn) => Promise<Response>;
