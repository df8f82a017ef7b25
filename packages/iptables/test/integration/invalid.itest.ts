import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { families, parseRedirectSpec, plan, type RedirectBackend } from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { createScene, type Scene } from './support/scene.ts'

/** Sends a TCP segment without any flag, which no connection ever has; says what comes back. */
const segment = `
import socket, struct, sys
source, destination, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ':' in destination else socket.AF_INET
raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((source, 0))
raw.settimeout(float(sys.argv[4]))
tcp = struct.pack('!HHIIBBHHH', 40404, port, 1, 0, 5 << 4, 0, 1024, 0, 0)
pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, destination) + struct.pack('!II', len(tcp), 6)
total = sum(struct.unpack('!%dH' % (len(pseudo + tcp) // 2), pseudo + tcp))
total = (total & 0xffff) + (total >> 16)
total = (total & 0xffff) + (total >> 16)
raw.sendto(tcp[:16] + struct.pack('!H', ~total & 0xffff) + tcp[18:], (destination, 0))
try:
    while True:
        answer = raw.recv(2000)
        answer = answer if family == socket.AF_INET6 else answer[20:]
        if struct.unpack('!HH', answer[:4]) == (port, 40404):
            print('reset' if answer[13] & 4 else 'answer')
            break
except TimeoutError:
    print('nothing')
`

describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  beforeAll(async () => {
    scene = await createScene('ipt-inv')
    backend = await openBackend(name, scene.pod)
  })
  afterAll(async () => {
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  // A reset is waited for long; that nothing comes can only be waited for, and the first half of
  // the test shows that an answer takes no time.
  const send = async (family: 'ipv4' | 'ipv6', waitSeconds: string): Promise<string> => {
    const { client, pod } = addresses[family]
    const argv = ['python3', '-c', segment, client, pod, '7', waitSeconds] as const
    return (await scene.client.must(...argv)).trim()
  }

  test('an invalid segment is answered by a reset, unless it is dropped', async () => {
    await backend.apply(plan(parseRedirectSpec({})))
    for (const family of families) expect(await send(family, '10')).toBe('reset')
    const rules = plan(parseRedirectSpec({ dropInvalid: true }))
    await backend.apply(rules)
    expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
    for (const family of families) expect(await send(family, '1')).toBe('nothing')
    // And valid ones go on.
    const seen = await scene.outside.connect({ host: addresses.ipv4.pod, port: 80, uid: 0, gid: 0 })
    expect(seen).toMatch(/^inbound-capture/)
    await backend.apply(plan(parseRedirectSpec({})))
    for (const family of families) expect(await send(family, '10')).toBe('reset')
  })
})
