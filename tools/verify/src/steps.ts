/** One thing that has to be green. */
export interface Step {
  /** Name of the nx target; also what is shown. */
  readonly target: string
  /** What it is for. */
  readonly about: string
  /**
   * The vitest project whose results the target's projects write to `out-test/<name>.json`, to be
   * counted test by test; undefined for a check that counts as one.
   */
  readonly results?: string
}

/** Everything, the quick and the telling first. */
export const STEPS: readonly Step[] = [
  { target: 'format:check', about: 'prettier' },
  { target: 'boundaries', about: 'who may import whom' },
  { target: 'knip', about: 'nothing unused' },
  { target: 'typecheck', about: 'the compiler' },
  { target: 'lint', about: 'eslint, type-aware' },
  { target: 'build', about: 'libraries, apps, the plugin as one executable' },
  { target: 'api', about: 'API reports are those of the code' },
  { target: 'check:package', about: 'publint, are-the-types-wrong' },
  { target: 'check:pack', about: 'each tarball installed alone, its example run' },
  { target: 'check:changeset', about: 'a change users see has a changeset' },
  { target: 'test', about: 'unit, golden, property, conformance', results: 'unit' },
  { target: 'test:integration', about: 'real kernel, real Envoy', results: 'integration' },
  { target: 'e2e', about: 'whole nodes', results: 'e2e' },
  { target: 'bench:smoke', about: 'the benchmark runs' },
]
