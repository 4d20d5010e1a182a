// Where a command line that was not understood is told to look: the help of that very command.

/** As much of commander's `Command` as is needed here. */
interface Command {
  readonly parent: Command | null;
  readonly commands: readonly Command[];
  name(): string;
  showHelpAfterError(text: string): unknown;
}

/** The last line after what commander itself says is wrong, of this command and all below it. */
export function pointToHelp(command: Command): void {
  command.showHelpAfterError(helpPointer(command));
  for (const below of command.commands) pointToHelp(below);
}

export function helpPointer(command: Command): string {
  const names = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `see: ${names.join(" ")} --help`;
}
