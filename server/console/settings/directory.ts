// Which directory the users come from, as a page of settings. What a sync would come to is looked at before anything is saved
// or done.

import { operatedBy } from "../../audit/operator.ts";
import { synchroniseByHand } from "../../directory/by-hand.ts";
import {
  activeDirectory,
  changeDirectory,
  type Directory,
  directoryAsChanged,
  directorySetting,
} from "../../directory/settings.ts";
import { type SyncReport, TooManyDisabled } from "../../directory/synchronise.ts";
import { tryDirectory } from "../../directory/trial.ts";
import { directoryKeys, directoryText } from "../../directory/assignments.ts";
import { Failure } from "../../failure.ts";
import type { ImportParts } from "../../import/import-users.ts";
import { selectField } from "../../pages/forms.ts";
import type { Store } from "../../store/store.ts";
import { Form } from "../../web/form.ts";
import { sentence } from "../../web/sentence.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleParts } from "../parts.ts";
import { directoryFields, readWish } from "./directory-fields.ts";
import { syncReport } from "./directory-report.ts";
import { failedField, type Looked, type SettingsPage } from "./page.ts";

const silent = { read: () => undefined, writing: () => undefined };

export const directoryPage: SettingsPage = {
  slug: "directory",
  title: "Directory",
  about: "LDAP or Active Directory, whose users and groups are taken over.",
  fields: directoryFields,
  save: async (visit, { store, vault }) => {
    const read = await readWish(store.db, visit.form);
    if (!read.ok) return read.faults;
    const { change, password } = read.value;
    try {
      await visit.write((tx) => changeDirectory(tx, vault, change, password, visit.nowMs));
      return undefined;
    } catch (error) {
      return failedField(error);
    }
  },
  looks: [
    { slug: "look", label: "See what would change…", run: look },
    {
      slug: "active-directory",
      label: "Fill in what fits Active Directory",
      run: async (visit) => ({
        kind: "seen",
        sent: filledIn(visit.form),
        notice: { tone: "done", text: "Filled in below; nothing was saved." },
      }),
    },
  ],
  actions: [
    {
      slug: "sync",
      label: "Synchronise now",
      fields: selectField({
        name: "force",
        label: "If too many would be disabled",
        value: "no",
        choices: [
          { value: "no", label: "Do nothing" },
          { value: "yes", label: "Go on: I have seen who" },
        ],
      }),
      run: async (visit, parts) => {
        const force = visit.form.text("force") === "yes";
        const report = await oneAtATime(parts.store, () =>
          inWordsOfThePage(() =>
            synchroniseByHand(
              importParts(visit, parts),
              { force, adopt: false },
              silent,
              ownHand(visit, parts),
            ),
          ),
        );
        const text = report.adminsKept.length === 0 ? "The directory was followed." : keptText(report, "was");
        return { text, result: syncReport(report, "What was done") };
      },
    },
  ],
};

/** Also what a sync would refuse is shown: whoever looks is to see who it would be. */
async function look(visit: SignedIn, parts: ConsoleParts): Promise<Looked> {
  const { store, vault } = parts;
  const sent = visit.form;
  const read = await readWish(store.db, sent);
  if (!read.ok) return { kind: "faults", faults: read.faults };
  const { change, password } = read.value;
  if (change["url"] === "") return { kind: "faults", faults: { url: "say which directory to look into" } };
  let directory: Directory;
  try {
    directory = await directoryAsChanged(store.db, vault, change, password);
  } catch (error) {
    return { kind: "faults", faults: failedField(error) };
  }
  try {
    const audited = ownHand(visit, parts);
    const report = await oneAtATime(store, () =>
      tryDirectory(importParts(visit, parts), directory, { force: true, adopt: false }, silent, audited),
    );
    const text = [
      "Nothing was saved and nothing was done.",
      report.tooMany === undefined
        ? ""
        : `${report.tooMany}: a sync does nothing then, unless you say so beside its button.`,
      report.adminsKept.length === 0 ? "" : keptText(report, "would be"),
      sent.text("password") === "" ? "" : "Type the password again to save.",
    ];
    const notice = { tone: "done", text: text.filter((one) => one !== "").join(" ") } as const;
    return { kind: "seen", sent, notice, result: syncReport(report, "What would change") };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: "seen", sent, notice: { tone: "fault", text: sentence(error.message) } };
  }
}

/** As it was typed, but for what Active Directory has otherwise. */
function filledIn(sent: Form): Form {
  const setting = { ...directorySetting.whenUnset, ...activeDirectory };
  const texts = new URLSearchParams({ ca: sent.text("ca") });
  for (const key of directoryKeys)
    texts.set(key, Object.hasOwn(activeDirectory, key) ? directoryText(key, setting) : sent.text(key));
  return new Form(texts.toString());
}

/** In the admin's name, as long as their session is open. */
function importParts(visit: SignedIn, { store, vault, random, clock, identity }: ConsoleParts): ImportParts {
  const own: Store = { ...store, write: (work) => visit.write(work) };
  return { store: own, vault, random, clock, signingKey: identity.signing.privateKey };
}

/** Also after their session has ended. */
function ownHand({ session }: SignedIn, { store }: ConsoleParts): Store {
  return operatedBy(store, `console: ${session.userName}`);
}

const underway = new WeakSet<Store>();

/** A directory of a hundred thousand takes a while, and a button is soon pressed twice. */
async function oneAtATime<T>(store: Store, work: () => Promise<T>): Promise<T> {
  if (underway.has(store))
    throw new Failure("conflict", "the directory is being read for another admin: try again in a minute");
  underway.add(store);
  try {
    return await work();
  } finally {
    underway.delete(store);
  }
}

async function inWordsOfThePage(work: () => Promise<SyncReport>): Promise<SyncReport> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TooManyDisabled)) throw error;
    const next = 'see who with "See what would change"; if it is right, say so beside the button';
    throw new Failure("unsafe", `${error.why}: nothing was changed; ${next}`);
  }
}

function keptText({ adminsKept }: SyncReport, verb: "was" | "would be"): string {
  return `${adminsKept.join(", ")} is the only admin who can sign in and ${verb} left enabled, though the directory says otherwise: make another admin, then synchronise again.`;
}
