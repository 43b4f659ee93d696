/**
 * Characters that a terminal acts on, or that change how the text around them is shown: control characters (C0, DEL, C1),
 * separators of lines and paragraphs, and format characters such as bidirectional overrides (Unicode categories Cc, Zl, Zp and
 * Cf). The joiners U+200C and U+200D stay: letters and emoji are made with them.
 */
const terminalControl = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

/** Replaces every terminal-active character of a text. */
export function replaceTerminalControls(text: string, replacement: (character: string) => string): string {
  return text.replace(terminalControl, replacement);
}
