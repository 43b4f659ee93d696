import type { StoryNews } from '../../../src/runtime/faults/stage.js';
import { askFor } from '../data/http.js';
import { element, part, write } from '../dom.js';
import { readEvents } from '../data/event-stream.js';
import type { Herd } from '../data/herd.js';
import type { Palette } from '../map/palette.js';
import { StoryGraph } from '../graph/scenario-graph.js';

/** Where it cannot be told which scenarios there are, it is asked again after this, in milliseconds. */
const openAgainMs = 1_000;

/** How many lines of a story are kept. */
const linesMax = 1_000;

/** A story: see `POST /api/admin/scenarios`. */
type Story =
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'brought'; readonly name: string; readonly text: string };

/** Plays scenarios, where the reader may, and shows what happens in them and what came of it. */
export class Stage {
  private readonly choice = part('stage-choice', HTMLSelectElement);
  private readonly file = part('stage-file', HTMLInputElement);
  private readonly button = part('stage-play', HTMLButtonElement);
  private readonly lines = part('stage-lines', HTMLElement);
  private readonly verdict = part('stage-verdict', HTMLElement);
  private readonly graph: StoryGraph;
  private isDecided = false;
  /** Breaks off what is being played. */
  private playing: AbortController | undefined;
  private state: 'closed' | 'opening' | 'open' = 'closed';

  constructor(
    private readonly herd: Herd,
    palette: Palette,
  ) {
    this.graph = new StoryGraph(palette);
    this.button.addEventListener('click', () => {
      if (this.playing === undefined) void this.play();
      else this.playing.abort();
    });
    this.file.addEventListener('change', () => this.bring());
    part('stage-forget', HTMLButtonElement).addEventListener('click', () => {
      this.file.value = '';
      this.bring();
      this.choice.focus();
    });
  }

  /** Shows which file is to be played, or that none is. */
  private bring(): void {
    const file = this.file.files?.[0];
    this.choice.hidden = file !== undefined;
    part('stage-bring', HTMLElement).hidden = file !== undefined;
    part('stage-brought', HTMLElement).hidden = file === undefined;
    write(part('stage-file-name', HTMLElement), file?.name ?? '');
  }

  paint(nowMs: number): void {
    this.graph.paint(nowMs);
    if (this.state === 'closed' && this.herd.administering === 'allowed') void this.open();
  }

  /** Where no scenario can be played, nothing is shown. */
  private async open(): Promise<void> {
    this.state = 'opening';
    try {
      const { shipped } = await askFor<{ shipped: readonly string[] }>('/api/admin/scenarios');
      this.choice.replaceChildren(...shipped.map((name) => element('option', { value: name }, titleOf(name))));
      part('stage', HTMLElement).hidden = shipped.length === 0;
      this.state = 'open';
    } catch {
      // The server that the page is from may be away for a moment, while others are heard.
      setTimeout(() => (this.state = 'closed'), openAgainMs);
    }
  }

  private async play(): Promise<void> {
    const playing = new AbortController();
    this.playing = playing;
    this.begin();
    const reader = { opened: () => undefined, heard: (event: string, data: string) => this.hear(event, data) };
    try {
      await readEvents('/api/admin/scenarios', playing.signal, reader, await this.story());
      if (!this.isDecided) this.show('The server ended before it said what came of it.', 'not played');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.show(playing.signal.aborted ? 'Broken off: nothing is decided.' : reason, 'not played');
    }
    playing.abort();
    this.playing = undefined;
    write(this.button, 'Play it');
  }

  private begin(): void {
    this.isDecided = false;
    this.lines.replaceChildren();
    this.lines.hidden = false;
    this.show('Playing …', '');
    write(this.button, 'Break it off');
  }

  private async story(): Promise<Story> {
    const file = this.file.files?.[0];
    if (file === undefined) return { kind: 'shipped', name: this.choice.value };
    return { kind: 'brought', name: file.name, text: await file.text() };
  }

  private hear(event: string, data: string): void {
    const told = JSON.parse(data) as Record<string, unknown>;
    if (event === 'verdict') {
      this.isDecided = true;
      return this.show(String(told['words']), String(told['verdict']));
    }
    if (event === 'line') this.addLine(String(told['line']));
    this.graph.hear({ kind: event, ...told } as StoryNews);
  }

  private addLine(line: string): void {
    this.lines.append(element('p', {}, line));
    if (this.lines.childElementCount > linesMax) this.lines.firstElementChild?.remove();
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  private show(words: string, verdict: string): void {
    write(this.verdict, words);
    this.verdict.dataset['verdict'] = verdict;
  }
}

/** `slow-neighbour.yaml` as a title. */
function titleOf(file: string): string {
  const words = file.replace(/\.yaml$/, '').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
