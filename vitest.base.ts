import { defineConfig, type ViteUserConfig } from 'vitest/config'

const conditions = ['@proxy/source']

/** Which of the projects below is run: each writes its results to a file of its own. */
const project = process.argv.includes('integration') ? 'integration' : 'unit'

/**
 * Every project's tests: `unit` needs nothing, `integration` needs root and makes its own namespaces.
 * Packages are resolved to their source, so nothing has to be built first.
 */
export const base: ViteUserConfig = defineConfig({
  resolve: { conditions: [...conditions, 'module', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'import', 'default'] } },
  test: {
    reporters: ['default', ['json', { outputFile: `out-test/${project}.json` }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          // A bound for what hangs, far from what a busy machine needs.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          benchmark: { include: ['bench/**/*.bench.ts'] },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.itest.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          benchmark: { include: [] },
        },
      },
    ],
  },
})
