/** The configuration can't be used: no default takes its place, and starting again does not help. Exit code 78. */
export class ConfigurationError extends Error {}
