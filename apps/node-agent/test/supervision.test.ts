import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createTempDir, eventually } from '@proxy/testkit'

import { createSupervision } from '../src/node/supervision.ts'

/** Stands for Envoys: an admin socket per container that can be made to end. */
async function createWorld() {
  const dir = await createTempDir('supervision')
  const ended: string[] = []
  const delays: number[] = []
  const servers = new Map<string, { server: Server; sockets: Set<Socket> }>()
  const supervision = createSupervision({
    adminSocketOf: (containerId) => join(dir.path, containerId),
    onEnd: (containerId) => ended.push(containerId),
    random: () => 0,
    later: (work, delayMs) => {
      delays.push(delayMs)
      return setTimeout(work, 5)
    },
  })
  const stop = async (containerId: string): Promise<void> => {
    const { server, sockets } = servers.get(containerId)!
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    supervision,
    ended,
    delays,
    connections: (containerId: string) => servers.get(containerId)!.sockets.size,
    async start(containerId: string): Promise<void> {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      await new Promise<void>((resolve) => server.listen(join(dir.path, containerId), resolve))
      servers.set(containerId, { server, sockets })
    },
    stop,
    async [Symbol.asyncDispose]() {
      supervision.close()
      await Promise.all([...servers.keys()].map(stop))
      await dir[Symbol.asyncDispose]()
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('an end is reported, of that sidecar only and once', async () => {
  await using world = await createWorld()
  for (const id of ['a', 'b']) {
    await world.start(id)
    world.supervision.watch(id)
    world.supervision.watch(id) // watched already
    await eventually(() => expect(world.connections(id)).toBe(1))
  }
  await world.stop('a')
  await eventually(() => expect(world.ended).toEqual(['a']))
  await pause(100)
  expect(world.ended).toEqual(['a'])
})

test('one that is not there is reported too', async () => {
  await using world = await createWorld()
  world.supervision.watch('never-started')
  await eventually(() => expect(world.ended).toEqual(['never-started']))
})

test('one that is no longer watched is not reported, also not when its end was noticed', async () => {
  await using world = await createWorld()
  await world.start('a')
  world.supervision.watch('a')
  await eventually(() => expect(world.connections('a')).toBe(1))
  world.supervision.unwatch('a')
  await eventually(() => expect(world.connections('a')).toBe(0))
  world.supervision.watch('gone')
  await pause(5)
  world.supervision.unwatch('gone')
  world.supervision.unwatch('never-watched')
  await pause(100)
  expect(world.ended).toEqual([])
})

test('what keeps ending is reported later each time, until it was let go', async () => {
  await using world = await createWorld()
  const round = async (): Promise<void> => {
    const before = world.ended.length
    world.supervision.watch('loop')
    await eventually(() => expect(world.ended).toHaveLength(before + 1))
  }
  for (let rounds = 0; rounds < 11; rounds += 1) await round()
  expect(world.delays.slice(0, 4)).toEqual([100, 200, 400, 800])
  expect(world.delays.at(-1)).toBe(30_000)
  expect(world.supervision.endsOf('loop')).toBe(11)
  world.supervision.unwatch('loop')
  await round()
  expect(world.delays.at(-1)).toBe(100)
})
