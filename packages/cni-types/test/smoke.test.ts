import { expect, test } from 'vitest'
import { createResult, parseNetConf, passThrough } from '../src/index.ts'
test('x', () => {
  expect(passThrough(parseNetConf('{"name":"a","cniVersion":"0.4.0"}'))).toEqual({
    cniVersion: '0.4.0',
    dns: {},
  })
  expect(createResult({ ips: [{ address: '1.2.3.4/24' }] }, '0.2.0')).toEqual({
    cniVersion: '0.2.0',
    ip4: { ip: '1.2.3.4/24' },
    dns: {},
  })
})
