/** Everything a tarball may hold; what matches nothing here is not ours to publish. */
const ALLOWED = [
  /^package\.json$/,
  /^README\.md$/,
  /^LICENSE$/,
  /^CHANGELOG\.md$/,
  /^dist\/.+\.(?:js|js\.map|d\.ts)$/,
  /^dist\/.+\.schema\.json$/,
  /^src\/.+\.ts$/,
]

/** Tests and what only they read, even below `src`. Fakes for others' tests are in `src/testing`. */
const FORBIDDEN =
  /(?:^|\/)(?:tests?|__tests__|golden|fixtures|bench|out-tsc)\/|\.(?:test|itest|spec|bench|test-d)\.ts$/

/** What `exports` names is asked for where the manifest is judged. */
const REQUIRED = ['README.md', 'LICENSE']

/** Judges the list of files in a tarball; returns a sentence for each fault. */
export function checkPackedFiles(files: readonly string[]): readonly string[] {
  const present = new Set(files)
  return [
    ...REQUIRED.filter((file) => !present.has(file)).map((file) => `packed without ${file}`),
    ...files
      .filter((file) => !isAllowed(file))
      .map((file) => `packs ${file}, which does not belong`),
  ]
}

function isAllowed(file: string): boolean {
  return ALLOWED.some((rule) => rule.test(file)) && !FORBIDDEN.test(file)
}
