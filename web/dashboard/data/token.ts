import { byId, setText } from '../dom.js';

/** Key in the session storage: the token lives as long as the tab. */
const storageKey = 'herd token';

/** Access that a token is needed for. */
type Purpose = 'client' | 'admin';

const prompts: Readonly<Record<Purpose, string>> = {
  client: 'This herd requires a token.',
  admin: 'Admin actions require the admin token.',
};

/** Printable ASCII without spaces: all that a server accepts in a token and that fits into a header. */
const tokenPattern = /^[\x21-\x7e]+$/;

/** The user's token. It is sent with each request in a header, never in a URL. */
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

  /** Authorization header of a request, if there is a token. */
  get headers(): Readonly<Record<string, string>> {
    const { value } = this;
    return value === '' ? {} : { authorization: `Bearer ${value}` };
  }

  /** Subprotocols of a WebSocket, which carry the token in base64url: a page cannot set headers of a WebSocket. */
  get protocols(): string[] {
    const { value } = this;
    if (value === '') return [];
    const inBase64 = btoa(value).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    return ['herd', `herd.token.${inBase64}`];
  }

  /** Asks the user for a token, unless the form is open already. */
  request(purpose: Purpose): void {
    if (!this.form.hidden) return;
    this.purpose = purpose;
    const retryHint = this.value === '' ? '' : ' The token was not accepted.';
    this.showPrompt(`${prompts[purpose]}${retryHint}`);
  }

  /** Sets the callback for each submitted token. */
  onToken(callback: (purpose: Purpose) => void): void {
    this.callback = callback;
  }

  private get value(): string {
    return sessionStorage.getItem(storageKey) ?? '';
  }

  private accept(input: string): void {
    this.field.value = '';
    if (!tokenPattern.test(input)) {
      this.showPrompt(`${prompts[this.purpose]} Invalid token: use printable ASCII characters without spaces.`);
      return;
    }
    sessionStorage.setItem(storageKey, input);
    this.form.hidden = true;
    this.callback(this.purpose);
  }

  private showPrompt(text: string): void {
    setText(byId('token-prompt', HTMLElement), text);
    this.form.hidden = false;
    this.field.focus();
  }
}

export const token = new Token();
