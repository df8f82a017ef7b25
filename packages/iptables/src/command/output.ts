/** How a result is printed. */
export const outputFormats = ['text', 'json'] as const

/** See {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number]

/** Indented JSON with its line end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Text that cannot steer a terminal: what comes from outside may hold anything. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (char) =>
    char === '\n' || char === '\t' ? char : '?',
  )
}
