import { mergeConfig } from 'vitest/config'
import { base } from '../../vitest.base.ts'

// Making keys and certificates takes its time on a busy machine.
export default mergeConfig(base, { test: { testTimeout: 60_000, hookTimeout: 60_000 } })
