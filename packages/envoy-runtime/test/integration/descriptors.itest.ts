import { eventually } from '@proxy/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ports } from '../fixtures/ports.ts'
import { createWorld, type Pod, type World } from './world.ts'

const MAX_OPEN_FILES = 600

let world: World
let server: Pod
let outside: Pod

beforeAll(async () => {
  world = await createWorld({ maxOpenFiles: MAX_OPEN_FILES })
  server = await world.pod('crowded')
  outside = await world.pod('crowd')
  await world.serve(server)
  await world.peers([server])
  await world.capture(server, { maxDownstreamConnections: MAX_OPEN_FILES / 3 })
})
afterAll(() => world[Symbol.asyncDispose]())

// Envoy ends when it cannot have a socket, and with it every connection of the pod.
test('more connections than it has descriptors for do not end a sidecar that refuses a third', async () => {
  const before = await world.runtime.inspect(server.name)
  const answer = await world.talk(outside, 'crowd', server.ipv4, ports.echo, '500')
  expect(answer).toEqual({ answered: MAX_OPEN_FILES / 3, closed: 500 - MAX_OPEN_FILES / 3 })
  expect(await world.runtime.inspect(server.name)).toEqual(before)
  await eventually(async () =>
    expect(await world.talk(outside, 'echo', server.ipv4, ports.echo, 'after')).toBe('after'),
  )
})
