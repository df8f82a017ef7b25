import { defineConfig, mergeConfig } from 'vitest/config'
import { base } from '../../vitest.base.ts'

// Each test runs whole tools, on machines that run other things too, and mostly waits for them.
export default mergeConfig(
  base,
  defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 2 } }),
)
