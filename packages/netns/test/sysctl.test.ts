import { describe, expect, it } from 'vitest'

import { checkSysctlValue, sysctlPath } from '../src/sysctl.ts'

describe('sysctl keys', () => {
  it.for([
    ['net.ipv4.ip_forward', '/proc/sys/net/ipv4/ip_forward'],
    ['net.ipv6.conf.all.disable_ipv6', '/proc/sys/net/ipv6/conf/all/disable_ipv6'],
    ['net/ipv4/conf/eth0.100/rp_filter', '/proc/sys/net/ipv4/conf/eth0.100/rp_filter'],
  ] as const)('%s is %s', ([key, path]) => {
    expect(sysctlPath(key)).toBe(path)
  })

  it.for([
    '',
    'net',
    'net.ipv4',
    'kernel.core_pattern',
    'net..ipv4.ip_forward',
    'net/../kernel/core_pattern',
    'net/ipv4/../../kernel/core_pattern',
    'net.ipv4.ip_forward\0',
    'net.ipv4.ip_forward\n',
    '/net/ipv4/ip_forward',
    'net/ipv4/./ip_forward',
    `net.ipv4.${'a'.repeat(300)}`,
  ])('refuses %j', (key) => {
    expect(() => sysctlPath(key)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it.for(['1', '32768\t60999', '4096 131072 6291456', '8080,9148', 'cubic'])(
    'takes %j',
    (value) => {
      expect(() => checkSysctlValue('net.x.y', value)).not.toThrow()
    },
  )

  it.for(['', '1\n2', '1\0', '$(id)', 'a'.repeat(5000)])('refuses the value %j', (value) => {
    expect(() => checkSysctlValue('net.x.y', value)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
