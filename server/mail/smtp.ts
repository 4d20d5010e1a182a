// One letter to one mail server. TLS is what the setting says it is: a server that does not offer STARTTLS, or can't be
// checked, gets no mail, no password and no name of a recipient.

import { secondMs } from "../../words/clock.ts";
import type { Sending } from "./claim.ts";
import type { Letter } from "./letter.ts";
import type { MailRoute } from "./settings.ts";

export interface Outgoing {
  readonly id: string;
  readonly recipient: string;
  readonly letter: Letter;
  readonly nowMs: number;
}

/** Never rejects. Ends soon after `stop` is aborted, as `stopped`. */
export async function sendMail(route: MailRoute, mail: Outgoing, stop: AbortSignal): Promise<Sending> {
  const { createTransport } = await import("nodemailer");
  const { host, port, security, user, password, ca, from, fromName, replyTo } = route;
  const transport = createTransport({
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(password === undefined ? {} : { auth: { user, pass: password.use((text) => text) } }),
    tls: { minVersion: "TLSv1.2", rejectUnauthorized: true, ...(ca === "" ? {} : { ca }) },
    dnsTimeout: 10 * secondMs,
    connectionTimeout: 10 * secondMs,
    greetingTimeout: 20 * secondMs,
    socketTimeout: 60 * secondMs,
    maxResponseSize: 65_536,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
  const { subject, text, html } = mail.letter;
  try {
    await transport.sendMail({
      signal: stop,
      from: { name: fromName, address: from },
      to: { name: "", address: mail.recipient },
      ...(replyTo === "" ? {} : { replyTo }),
      envelope: { from, to: [mail.recipient] },
      subject,
      text,
      html,
      date: new Date(mail.nowMs),
      messageId: `<${mail.id}@${from.slice(from.lastIndexOf("@") + 1)}>`,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    });
    return { kind: "sent" };
  } catch (error) {
    return stop.aborted ? { kind: "stopped" } : { kind: "failed", ...judge(error) };
  } finally {
    transport.close();
  }
}

interface SmtpError {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
}

const problems: Readonly<Record<string, string>> = {
  EDNS: "the mail server's name is not known",
  ECONNECTION: "the connection to the mail server broke off",
  ESOCKET: "the mail server can't be reached, or its certificate is not trusted",
  ETIMEDOUT: "the mail server did not answer in time",
  ETLS: "the mail server offers no TLS that can be trusted",
  EAUTH: "the mail server refused user and password",
  ENOAUTH: "the mail server wants a user and a password",
  EPROTOCOL: "what answers is no mail server",
};

/**
 * Only a 5xx to the recipient or the message itself is the end of it. Everything else may be set right, by time or by an
 * admin, before the message expires. Of the server's answer the number stays, never the text: it may repeat anything.
 */
function judge(error: unknown): { readonly permanent: boolean; readonly problem: string } {
  const { code, command, responseCode, response } = error as SmtpError;
  const number = typeof responseCode === "number" ? responseCode : undefined;
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(
    typeof response === "string" ? response : "",
  )?.[1];
  const said = [number, enhanced].filter((part) => part !== undefined).join(" ");
  const about = command === "RCPT TO" ? "recipient" : command === "MAIL FROM" ? "sender" : "message";
  const refused = code === "EENVELOPE" || code === "EMESSAGE";
  const known = typeof code === "string" && Object.hasOwn(problems, code) ? problems[code] : undefined;
  const what = refused ? `the mail server refused the ${about}` : (known ?? "the mail could not be sent");
  const permanent = refused && number !== undefined && number >= 500 && about !== "sender";
  return { permanent, problem: said === "" ? what : `${what} (${said})` };
}
