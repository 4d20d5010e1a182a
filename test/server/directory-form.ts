// The directory's form as it stands in the console before anything was set.

import { directoryKeys, directoryText } from "../../server/directory/assignments.ts";
import { directorySetting } from "../../server/directory/settings.ts";

export const directoryForm: Record<string, string> & { url: string; bindDn: string } = {
  ...Object.fromEntries(directoryKeys.map((key) => [key, directoryText(key, directorySetting.whenUnset)])),
  url: "",
  bindDn: "",
  ca: "",
  password: "",
};
