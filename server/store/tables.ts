// What the database holds, a file of tables for each noun. Times are milliseconds since 1970, keys and sealed content are
// base64, lists and objects are JSON text: the same in SQLite and in PostgreSQL.

import type { AuthenticatorTables } from "./tables/authenticators.ts";
import type { EnrolmentTables } from "./tables/enrolments.ts";
import type { ImportTables } from "./tables/imports.ts";
import type { MachineTables } from "./tables/machines.ts";
import type { MailTables } from "./tables/mail.ts";
import type { PinTables } from "./tables/pins.ts";
import type { PolicyTables } from "./tables/policies.ts";
import type { ProvisioningTables } from "./tables/provisioning.ts";
import type { ServerTables } from "./tables/server.ts";
import type { UserTables } from "./tables/users.ts";
import type { VerificationTables } from "./tables/verification.ts";
import type { WebTables } from "./tables/web.ts";

export interface Tables
  extends AuthenticatorTables,
    EnrolmentTables,
    PolicyTables,
    ImportTables,
    MachineTables,
    MailTables,
    PinTables,
    ProvisioningTables,
    ServerTables,
    UserTables,
    VerificationTables,
    WebTables {}

export type { AuthenticatorTable } from "./tables/authenticators.ts";
export type { EnrolmentTable } from "./tables/enrolments.ts";
export type { MachineTable } from "./tables/machines.ts";
export type { AddressPlace, CodeAskers, MessageState, MessageTable } from "./tables/mail.ts";
export { addressPlaces } from "./tables/mail.ts";
export type { PageAsker } from "./tables/verification.ts";
