// The settings pages there are, in the order in which they are listed. A new one is a file beside this one and a line here.

import { auditPage } from "./audit.ts";
import { directoryPage } from "./directory.ts";
import { mailPage } from "./mail.ts";
import type { SettingsPage } from "./page.ts";
import { provisioningPage } from "./provisioning.ts";
import { smsPage } from "./sms.ts";
import { warningsPage } from "./warnings.ts";
import { weeklyReportPage } from "./weekly-report.ts";

export const settingsPages: readonly SettingsPage[] = [
  provisioningPage,
  directoryPage,
  mailPage,
  smsPage,
  warningsPage,
  weeklyReportPage,
  auditPage,
];
