const storageKey = 'herd-commands';

/** How many commands are remembered. */
const maxCommands = 100;

/** The commands that were sent, oldest first; kept in the browser. */
export class CommandHistory {
  private readonly commands: string[] = loadCommands();
  private position = this.commands.length;

  add(command: string): void {
    if (this.commands.at(-1) !== command) this.commands.push(command);
    this.commands.splice(0, this.commands.length - maxCommands);
    this.position = this.commands.length;
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.commands));
    } catch {
      // A browser that keeps nothing forgets them with the page.
    }
  }

  /** The command before or after the one that was looked at last; empty after the newest. */
  step(by: -1 | 1): string {
    this.position = Math.min(this.commands.length, Math.max(0, this.position + by));
    return this.commands[this.position] ?? '';
  }
}

function loadCommands(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(stored) ? stored.filter((command) => typeof command === 'string') : [];
  } catch {
    return [];
  }
}
