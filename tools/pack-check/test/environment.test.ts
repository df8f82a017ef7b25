import { expect, test } from 'vitest'

import { cleanEnvironment } from '../src/environment.ts'

test('keeps paths and the way to a registry, and drops what changes a verdict', () => {
  const env = {
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy:1',
    NODE_OPTIONS: '--conditions=@proxy/source',
    npm_config_ignore_scripts: 'false',
    HOME: undefined,
  }
  expect(cleanEnvironment(env)).toEqual({ PATH: '/bin', HTTPS_PROXY: 'http://proxy:1', CI: 'true' })
})
