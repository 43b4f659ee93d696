import { byId, setText } from '../dom.js';

/** Where this tab keeps the token; closing it forgets the token. */
const storageKey = 'herd token';

/** What the herd asks a token for. */
type Purpose = 'client' | 'admin';

const prompts: Readonly<Record<Purpose, string>> = {
  client: 'This herd is for those who have its token.',
  admin: 'To administer this herd, its token of administration is needed.',
};

/** Visible characters of ASCII: of others no server takes a token, and with some of them no request can be made. */
const tokenPattern = /^[\x21-\x7e]+$/;

/** The reader's token, where the herd asks for one. It goes with each request, in a header: never in an address. */
class Token {
  private readonly form = byId('token', HTMLFormElement);
  private readonly field = byId('token-value', HTMLInputElement);
  private purpose: Purpose = 'client';
  private callback: (purpose: Purpose) => void = () => undefined;

  constructor() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.accept(this.field.value.trim());
    });
  }

  /** What a request has besides, to say whose it is. */
  get headers(): Readonly<Record<string, string>> {
    const { value } = this;
    return value === '' ? {} : { authorization: `Bearer ${value}` };
  }

  /** What a WebSocket offers, for a page can set none of its headers: the token in base64url, behind what is agreed on. */
  get protocols(): string[] {
    const { value } = this;
    if (value === '') return [];
    const inBase64 = btoa(value).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    return ['herd', `herd.token.${inBase64}`];
  }

  /** Asks the reader, unless it is asked already. */
  request(purpose: Purpose): void {
    if (!this.form.hidden) return;
    this.purpose = purpose;
    const retryHint = this.value === '' ? '' : ' The one that you gave is not it.';
    this.showPrompt(`${prompts[purpose]}${retryHint}`);
  }

  /** Calls back whenever the reader has given a token, with what it was asked for. */
  onToken(callback: (purpose: Purpose) => void): void {
    this.callback = callback;
  }

  private get value(): string {
    return sessionStorage.getItem(storageKey) ?? '';
  }

  private accept(input: string): void {
    this.field.value = '';
    if (!tokenPattern.test(input)) {
      this.showPrompt(
        `${prompts[this.purpose]} What you gave cannot be it: in a token are no spaces, and no letters but A to Z.`,
      );
      return;
    }
    sessionStorage.setItem(storageKey, input);
    this.form.hidden = true;
    this.callback(this.purpose);
  }

  private showPrompt(text: string): void {
    setText(byId('token-words', HTMLElement), text);
    this.form.hidden = false;
    this.field.focus();
  }
}

export const token = new Token();
