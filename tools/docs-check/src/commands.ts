/**
 * Where the shell commands of each document are run by a test. A document with `sh` blocks that is
 * not here, or that is here and has none, fails the check.
 */
export const RUN_BY: Readonly<Record<string, string>> = {
  'README.md': 'tools/demo/test/integration/demo.itest.ts runs the demo; CI is the other command',
  'CONTRIBUTING.md': 'tools/docs-check/test/integration/contributing.itest.ts',
  'apps/node-agent/README.md': 'tools/docs-check/test/integration/one-node.itest.ts',
  'tools/bench/README.md': 'the step bench:smoke of npm test',
  'tools/e2e/README.md': 'the step e2e of npm test',
  'tools/gates/README.md': 'the step test of npm test',
  'tools/pack-check/README.md': 'the steps check:pack and check:changeset of npm test',
  'docs/operations/one-node.md': 'tools/docs-check/test/integration/one-node.itest.ts',
}

/** Commands that install a package; documents of packages have no others. */
const INSTALL = /^(npm install|pnpm add) (@proxy\/[a-z-]+ ?)+$/

/** Whether a document is of a package: `tools/pack-check` installs those and runs their example. */
export function isRunByPackCheck(path: string, lines: readonly string[]): boolean {
  return /^packages\/[^/]+\/README\.md$/.test(path) && lines.every((line) => INSTALL.test(line))
}
