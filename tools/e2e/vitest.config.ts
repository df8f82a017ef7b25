import { defineConfig, mergeConfig, type ViteUserConfig } from 'vitest/config'
import { base } from '../../vitest.base.ts'

const config: ViteUserConfig = mergeConfig(
  base,
  defineConfig({
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'e2e',
            include: ['netns/**/*.e2e.ts'],
            // Each file has a node of its own, but they would take each other's processor.
            fileParallelism: false,
            testTimeout: 120_000,
            hookTimeout: 120_000,
            benchmark: { include: [] },
          },
        },
      ],
    },
  }),
)
const reporters: NonNullable<ViteUserConfig['test']>['reporters'] = [
  'default',
  ['json', { outputFile: 'out-test/e2e.json' }],
]

export default process.argv.includes('e2e')
  ? { ...config, test: { ...config.test, reporters } }
  : config
