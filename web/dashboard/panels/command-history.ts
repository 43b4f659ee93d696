const storageKey = 'herd-commands';

/** Maximum number of commands kept. */
const maxCommands = 100;

/** Sent commands, oldest first, kept in the local storage of the browser. */
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
      // Without local storage the history ends with the page.
    }
  }

  /** Moves through the history and returns the command there; empty after the newest. */
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
