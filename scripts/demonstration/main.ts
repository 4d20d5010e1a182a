// scripts/demo: the story, its table, and with --stay a place to try it oneself.

import { theMainJob } from "./job.ts";
import { Place } from "./place.ts";
import { stay } from "./stay.ts";
import { Story, StoryOver } from "./story.ts";

async function main(args: readonly string[]): Promise<number> {
  if (args.some((argument) => argument !== "--stay")) {
    console.error("usage: scripts/demo [--stay]");
    return 2;
  }
  const story = new Story();
  const place = new Place();
  try {
    const { uri } = await theMainJob(story, place);
    story.table();
    if (args.includes("--stay")) await stay(place, uri);
    return 0;
  } catch (error) {
    console.log(`\nwhat the parts have said:\n${place.logs}`);
    if (!(error instanceof StoryOver)) console.error(error);
    story.table();
    return 1;
  } finally {
    await place.leave();
  }
}

process.exitCode = await main(process.argv.slice(2));
