import about from "../../package.json" with { type: "json" };

/** Of this release; a build carries it inside. */
export const version: string = about.version;
