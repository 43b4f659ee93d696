/** What goes back to the client of the service; the body is JSON. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}
