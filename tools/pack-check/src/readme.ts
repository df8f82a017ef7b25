/** The first `ts` block of a README, which is the example that has to run; undefined when none. */
export function firstExample(markdown: string): string | undefined {
  return /^```ts[ \t]*\n(?<code>.*?)^```[ \t]*$/ms.exec(markdown)?.groups?.['code']
}

/** Whether `code` imports `name` or a subpath of it. */
export function importsPackage(code: string, name: string): boolean {
  const specifiers = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(?<specifier>[^'"]+)\1/g)]
  return specifiers.some((match) => {
    const specifier = match.groups?.['specifier'] ?? ''
    return specifier === name || specifier.startsWith(`${name}/`)
  })
}
