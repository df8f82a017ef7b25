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

/** What the README's first install command installs, without its options; empty when there is none. */
export function installedPackages(markdown: string): readonly string[] {
  const command = /^(?:npm (?:install|i)|pnpm add) (?<words>.+)$/m.exec(markdown)?.groups?.['words']
  return (command ?? '').split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'))
}
