// The queue of mails and text messages: what waits, what was not sent and why; tried at once, or dropped.

import {
  messageStates,
  countMessages,
  eachMessage,
  type QueueCounts,
  pageOfMessages,
  type QueueFilter,
  type QueuedMessage,
} from "../../mail/queue-list.ts";
import { cancelMessage, retryAllNow, retryNow } from "../../mail/queue.ts";
import { gatewaySetting } from "../../mail/gateway-setting.ts";
import { mailSetting } from "../../mail/settings.ts";
import { isoTime } from "../../iso-time.ts";
import { buttonForm, selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { Address, exportLink, filterForm, listing, pageNumber, pageSize } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import { csvOf } from "../../report/csv.ts";
import { readSetting } from "../../settings/settings.ts";
import type { Db, Tx } from "../../store/store.ts";
import type { MessageState } from "../../store/tables.ts";
import type { SignedIn } from "../../web/visit.ts";
import { type ConsoleHandlers, type ConsoleParts, may } from "../parts.ts";

const path = "/admin/settings/mail/queue";

/** What is listed where nothing else is asked for: whatever may need a hand. */
const unsent: readonly MessageState[] = ["waiting", "failed", "expired"];

const stateChoices = [
  { value: "", label: "Waiting, or not sent" },
  { value: "waiting", label: "Waiting" },
  { value: "failed", label: "Refused for good" },
  { value: "expired", label: "Too late to be sent" },
  { value: "cancelled", label: "Dropped" },
  { value: "sent", label: "Sent" },
  { value: "all", label: "All" },
] as const;

const channelChoices = [
  { value: "", label: "Both" },
  { value: "mail", label: "Mail" },
  { value: "sms", label: "Text message" },
] as const;

export function mailQueueHandlers({ store }: ConsoleParts) {
  const change = async (visit: SignedIn, done: string, work: (tx: Tx) => Promise<unknown>) => {
    await visit.write(work);
    return visit.goTo(listBehind(visit), done);
  };
  return {
    "GET /admin/settings/mail/queue": async (visit) => {
      const address = new Address(visit.path, visit.queries);
      const offset = (pageNumber(address.get("page")) - 1) * pageSize;
      const { total, rows } = await pageOfMessages(store.db, {
        ...filterOf(address),
        offset,
        limit: pageSize,
      });
      const changes = may(visit.session.role, "POST /admin/settings/mail/queue/:id/retry");
      const counts = await countMessages(store.db);
      const retryAll =
        changes &&
        counts.oldestAtMs !== null &&
        buttonForm({ action: `${path}/retry-all`, token: visit.token, label: "Try all that wait now" });
      const content = html`${await standing(store.db, counts)}
${filterForm(address, [
  textField({
    name: "search",
    label: "Recipient or user",
    type: "search",
    value: address.get("search"),
    most: 200,
  }),
  selectField({ name: "state", label: "State", value: address.get("state"), choices: stateChoices }),
  selectField({ name: "channel", label: "By", value: address.get("channel"), choices: channelChoices }),
])}
${exportLink(new Address(`${path}.csv`, visit.queries).with({ page: "", done: "" }))}
${retryAll && html`<div class="actions">${retryAll}</div>`}
${listing({
  caption: "Mails and text messages, the newest first",
  columns: [
    { label: "Queued" },
    { label: "About" },
    { label: "User" },
    { label: "To" },
    { label: "State" },
    { label: "Tries", numeric: true },
    { label: "Next try" },
    { label: "Problem" },
    ...(changes ? [{ label: "Change" }] : []),
  ],
  rows: rows.map((row) => [...cells(row, visit.nowMs), ...(changes ? [buttons(row, visit.token)] : [])]),
  nothing: "No message is like that.",
  address,
  total,
})}`;
      return visit.page({ title: "Mail queue", content });
    },
    "GET /admin/settings/mail/queue.csv": async (visit) => {
      const filter = filterOf(new Address(visit.path, visit.queries));
      return visit.csv("mail-queue.csv", csvOf(csvHeads, eachMessage(store.db, filter), csvCells));
    },
    "POST /admin/settings/mail/queue/retry-all": (visit) =>
      change(visit, "messages-retried", (tx) => retryAllNow(tx, visit.nowMs)),
    "POST /admin/settings/mail/queue/:id/retry": (visit) =>
      change(visit, "message-retried", (tx) => retryNow(tx, visit.param("id"), visit.nowMs)),
    "POST /admin/settings/mail/queue/:id/drop": (visit) =>
      change(visit, "message-dropped", (tx) => cancelMessage(tx, visit.param("id"), visit.nowMs)),
  } satisfies Partial<ConsoleHandlers>;
}

/** For the pages of settings by which messages leave. */
export async function queueInShort(db: Db, channel: "mail" | "sms"): Promise<Markup> {
  const { waiting } = await countMessages(db);
  return html`<p><a href="${path}">The queue</a>: ${waiting[channel]} waiting.</p>`;
}

async function standing(db: Db, { waiting, oldestAtMs, unsent: lost }: QueueCounts): Promise<Markup> {
  const waits =
    oldestAtMs === null
      ? html`Nothing waits`
      : html`${waiting.mail + waiting.sms} waiting, the oldest since ${moment(oldestAtMs)}`;
  return html`<p>${waits}; ${lost} not sent in the last 30 days. Times are UTC. What a message says is shown to nobody, and is forgotten once it is sent or given up.</p>
${await noWayOut(db, waiting)}`;
}

async function noWayOut(db: Db, waiting: Readonly<Record<"mail" | "sms", number>>): Promise<Markup> {
  const mailOff = waiting.mail > 0 && (await readSetting(db, mailSetting)).host === "";
  const smsOff = waiting.sms > 0 && (await readSetting(db, gatewaySetting)).url === "";
  return html`${mailOff && html`<p class="notice">Mail is off: what waits is given up at its time. <a href="/admin/settings/mail">Set a mail server</a>.</p>`}${
    smsOff &&
    html`<p class="notice">Text messages are off: what waits is given up at its time. <a href="/admin/settings/sms">Set a gateway</a>.</p>`
  }`;
}

const tones: Readonly<Record<MessageState, string>> = {
  waiting: "warn",
  failed: "bad",
  expired: "bad",
  cancelled: "",
  sent: "",
};

function cells(row: QueuedMessage, nowMs: number): (Markup | string | number)[] {
  const label = stateChoices.find(({ value }) => value === row.state)?.label ?? row.state;
  const tone = tones[row.state];
  return [
    moment(row.createdAtMs),
    row.kind,
    row.userId === null ? "" : html`<a href="/admin/users/${row.userId}">${row.userName ?? row.userId}</a>`,
    row.recipient,
    html`<span class="tag${tone === "" ? "" : ` ${tone}`}">${label}</span>${row.endedAtMs !== null && html` ${moment(row.endedAtMs)}`}`,
    row.tries,
    nextTry(row, nowMs),
    row.problem ?? "",
  ];
}

function nextTry(
  { state, leasedUntilMs, nextTryAtMs, expiresAtMs }: QueuedMessage,
  nowMs: number,
): Markup | string {
  if (state !== "waiting") return "";
  if (leasedUntilMs !== null && leasedUntilMs > nowMs) return "under way";
  const next = nextTryAtMs <= nowMs ? "now" : moment(nextTryAtMs);
  return html`${next}, given up ${moment(expiresAtMs)}`;
}

/** What it said is gone with its end: only what waits can be tried. */
function buttons({ id, state, recipient }: QueuedMessage, token: string): Markup | string {
  if (state !== "waiting") return "";
  const about = `the message to ${recipient}`;
  return html`<div class="actions">${buttonForm({ action: `${path}/${id}/retry`, token, label: "Try now", about })}${buttonForm(
    { action: `${path}/${id}/drop`, token, label: "Drop", about },
  )}</div>`;
}

const csvHeads = [
  "id",
  "channel",
  "about",
  "user",
  "to",
  "state",
  "tries",
  "queued at",
  "next try at",
  "expires at",
  "ended at",
  "problem",
];

function csvCells(row: QueuedMessage) {
  return [
    row.id,
    row.channel,
    row.kind,
    row.userName,
    row.recipient,
    row.state,
    row.tries,
    isoTime(row.createdAtMs),
    row.state === "waiting" ? isoTime(row.nextTryAtMs) : null,
    isoTime(row.expiresAtMs),
    row.endedAtMs === null ? null : isoTime(row.endedAtMs),
    row.problem,
  ];
}

function filterOf(address: Address): QueueFilter {
  const state = address.get("state");
  const known = messageStates.find((one) => one === state);
  return {
    states: known === undefined ? (state === "all" ? messageStates : unsent) : [known],
    channel: (["mail", "sms"] as const).find((one) => one === address.get("channel")),
    search: address.get("search").slice(0, 200),
  };
}

/** The list as it stood when the button was pressed. */
function listBehind(visit: SignedIn): string {
  const at = URL.parse(visit.cameFrom, visit.origin);
  const queries = at?.pathname === path ? at.searchParams : new URLSearchParams();
  return new Address(path, queries).with({ done: "" });
}
