import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is there for one test. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'herd-test-'));

  /** A path in it. */
  pathTo(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
