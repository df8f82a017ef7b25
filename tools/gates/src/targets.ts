/**
 * What a project's scripts have to be, word for word: nx runs a target only where a script of that
 * name is, so that a project without one would pass by not being looked at.
 */
export const targets = {
  /** Every project has these. */
  everywhere: {
    lint: 'eslint .',
    typecheck: 'tsc --build',
    test: 'vitest run --project unit',
  },
  /** Public packages have these in addition. */
  published: {
    build: 'tsup',
    'check:package': 'publint --strict && attw --pack . --profile esm-only',
    api: 'api-extractor run',
  },
} as const

/** A target that a fixture's package can run. */
export type Target = keyof typeof targets.everywhere | keyof typeof targets.published
