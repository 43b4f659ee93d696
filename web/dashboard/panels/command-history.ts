const key = 'herd-commands';

/** How many commands are remembered. */
const commandsMax = 100;

/** The commands that were sent, oldest first; kept in the browser. */
export class CommandHistory {
  private readonly commands: string[] = remembered();
  private at = this.commands.length;

  add(command: string): void {
    if (this.commands.at(-1) !== command) this.commands.push(command);
    this.commands.splice(0, this.commands.length - commandsMax);
    this.at = this.commands.length;
    try {
      localStorage.setItem(key, JSON.stringify(this.commands));
    } catch {
      // A browser that keeps nothing forgets them with the page.
    }
  }

  /** The command before or after the one that was looked at last; empty after the newest. */
  step(by: -1 | 1): string {
    this.at = Math.min(this.commands.length, Math.max(0, this.at + by));
    return this.commands[this.at] ?? '';
  }
}

function remembered(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? kept.filter((command) => typeof command === 'string') : [];
  } catch {
    return [];
  }
}
