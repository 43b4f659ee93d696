import { part, write } from './element.js';

/** Where this tab keeps the token; closing it forgets the token. */
const storageKey = 'herd token';

/** What the herd asks a token for. */
type Purpose = 'clients' | 'administration';

const purposes: Readonly<Record<Purpose, string>> = {
  clients: 'This herd is for those who have its token.',
  administration: 'To administer this herd, its token of administration is needed.',
};

/** The reader's token, where the herd asks for one. It goes with each request, in a header: never in an address. */
class Token {
  private readonly form = part('token', HTMLFormElement);
  private readonly field = part('token-value', HTMLInputElement);
  private purpose: Purpose = 'clients';
  private onGiven: (purpose: Purpose) => void = () => undefined;

  constructor() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      sessionStorage.setItem(storageKey, this.field.value);
      this.field.value = '';
      this.form.hidden = true;
      this.onGiven(this.purpose);
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
  ask(purpose: Purpose): void {
    if (!this.form.hidden) return;
    this.purpose = purpose;
    const wrong = this.value === '' ? '' : ' The one that you gave is not it.';
    write(part('token-words', HTMLElement), `${purposes[purpose]}${wrong}`);
    this.form.hidden = false;
    this.field.focus();
  }

  /** Calls back whenever the reader has given a token, with what it was asked for. */
  whenGiven(tell: (purpose: Purpose) => void): void {
    this.onGiven = tell;
  }

  private get value(): string {
    return sessionStorage.getItem(storageKey) ?? '';
  }
}

export const token = new Token();
