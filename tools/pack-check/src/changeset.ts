/** One `.changeset/*.md`. */
export interface Changeset {
  /** File name. */
  readonly file: string
  /** Packages it names. */
  readonly packages: readonly string[]
  /** What the changelog will say. */
  readonly summary: string
}

/** What is known about one public package's releases. */
export interface ReleaseState {
  readonly name: string
  readonly version: string
  /** Tag of the last release; undefined before the first one. */
  readonly tag: string | undefined
  /** Files of the package that differ from that tag; empty before the first release. */
  readonly changed: readonly string[]
  /** Versions that CHANGELOG.md has a heading for. */
  readonly changelog: readonly string[]
}

/** Reads a changeset; throws when its front matter is not what changesets writes. */
export function parseChangeset(file: string, text: string): Changeset {
  const groups = /^---\r?\n(?<front>.*?)^---\r?\n?(?<summary>.*)$/ms.exec(text)?.groups
  if (groups === undefined) throw new Error(`${file}: no front matter between two lines of ---`)
  const lines = (groups['front'] ?? '').split('\n').filter((line) => line.trim() !== '')
  const packages = lines.map((line) => {
    const name = /^(['"]?)(?<name>[^'":]+)\1\s*:\s*(?:major|minor|patch)\s*$/.exec(line)?.groups
    if (name?.['name'] === undefined) throw new Error(`${file}: cannot read "${line}"`)
    return name['name']
  })
  return { file, packages, summary: (groups['summary'] ?? '').trim() }
}

/**
 * Every public package that a user would see change is named by a changeset. A package passes without
 * one when nothing changed since its last release, or when `changeset version` has just turned its
 * changesets into a CHANGELOG entry for a version that is not released yet.
 */
export function checkChangesets(
  changesets: readonly Changeset[],
  states: readonly ReleaseState[],
): readonly string[] {
  const published = new Set(states.map(({ name }) => name))
  const faulty = changesets.flatMap(({ file, packages, summary }) => [
    ...(summary === '' ? [`${file}: says nothing below its front matter`] : []),
    ...packages
      .filter((name) => !published.has(name))
      .map((name) => `${file}: names ${name}, which is not a public package`),
  ])
  const named = new Set(changesets.flatMap(({ packages }) => packages))
  const missing = states.filter((state) => !named.has(state.name)).flatMap(missingReason)
  return [...faulty, ...missing]
}

function missingReason({ name, version, tag, changed, changelog }: ReleaseState): string[] {
  const released = tag === `${name}@${version}`
  if (!released && changelog.includes(version)) return []
  if (tag === undefined) return [`${name}: never released and no changeset names it`]
  const [first] = changed
  if (first === undefined) return []
  const others = changed.length === 1 ? '' : ` and ${changed.length - 1} more`
  return [`${name}: ${first}${others} changed since ${tag} and no changeset names it`]
}
