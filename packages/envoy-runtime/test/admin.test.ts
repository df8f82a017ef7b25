import { symlink } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { createTempDir, type TempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { envoyAdmin, type EnvoyAdmin, EnvoyRuntimeError } from '../src/index.ts'

let temp: TempDir
let server: Server | undefined
let asked: string[]

beforeEach(async () => {
  temp = await createTempDir('admin')
  asked = []
})
afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
  await temp[Symbol.asyncDispose]()
})

async function adminThat(answer: RequestListener): Promise<EnvoyAdmin> {
  const path = join(temp.path, 'admin.sock')
  const listening = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    answer(request, response)
  })
  server = listening
  await new Promise<void>((resolve) => void listening.listen(path, resolve))
  return envoyAdmin(path)
}
const saying = (body: unknown, status = 200): Promise<EnvoyAdmin> =>
  adminThat((_request, response) => {
    response.statusCode = status
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })

async function errorOf(action: Promise<unknown>): Promise<EnvoyRuntimeError> {
  try {
    await action
  } catch (error) {
    if (error instanceof EnvoyRuntimeError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('envoyAdmin', () => {
  test.for([
    [200, true],
    [503, false],
  ] as const)('ready with status %d is %s', async ([status, ready]) => {
    const admin = await saying('', status)
    expect(await admin.ready()).toBe(ready)
    expect(asked).toEqual(['GET /ready'])
  })

  test('serverInfo', async () => {
    const admin = await saying({
      ...{ state: 'LIVE', version: 'c/1.40.0/Clean/RELEASE/BoringSSL' },
      ...{ hot_restart_version: '11.104', more: 1 },
      command_line_options: { concurrency: 2 },
    })
    expect(await admin.serverInfo()).toEqual({
      ...{ state: 'LIVE', version: 'c/1.40.0/Clean/RELEASE/BoringSSL' },
      ...{ hotRestartVersion: '11.104', restartEpoch: 0, concurrency: 2 },
    })
  })

  test('listeners, with all their addresses', async () => {
    const at = (address: string): object => ({ socket_address: { address, port_value: 15006 } })
    const admin = await saying({
      listener_statuses: [
        {
          name: 'inbound',
          local_address: at('0.0.0.0'),
          additional_local_addresses: [at('::')],
        },
      ],
    })
    expect(await admin.listeners()).toEqual([
      { name: 'inbound', addresses: ['0.0.0.0:15006', ':::15006'] },
    ])
  })

  test('activeConnections leaves the admin out', async () => {
    const admin = await saying({
      stats: [
        { name: 'listener.inbound.downstream_cx_active', value: 2 },
        { name: 'listener.outbound.downstream_cx_active', value: 3 },
        { name: 'listener.admin.downstream_cx_active', value: 9 },
      ],
    })
    expect(await admin.activeConnections()).toBe(5)
  })

  test('certificates are listed once, however many contexts have them', async () => {
    const certificate = (serial: string): object => ({
      cert_chain: [
        {
          serial_number: serial,
          subject_alt_names: [{ uri: 'spiffe://a/b' }, { dns: 'x' }],
          valid_from: '2026-01-01T00:00:00Z',
          expiration_time: '2026-01-02T00:00:00Z',
        },
      ],
    })
    const admin = await saying({
      certificates: [certificate('1'), certificate('1'), certificate('2')],
    })
    expect((await admin.certificates()).map((one) => [one.serialNumber, one.uris])).toEqual([
      ['1', ['spiffe://a/b']],
      ['2', ['spiffe://a/b']],
    ])
  })

  test('drain and quit are POST, with the flags asked for', async () => {
    const admin = await saying('OK')
    await admin.drainListeners()
    await admin.drainListeners({ graceful: false, inboundOnly: true })
    await admin.drainListeners({ skipExit: true })
    await admin.quit()
    expect(asked).toEqual([
      'POST /drain_listeners?graceful',
      'POST /drain_listeners?inboundonly',
      'POST /drain_listeners?graceful&skip_exit',
      'POST /quitquitquit',
    ])
  })

  test('nobody there', async () => {
    const error = await errorOf(envoyAdmin(join(temp.path, 'none.sock')).ready())
    expect(error).toMatchObject({ code: 'admin-unreachable', retryable: true })
  })

  test('a link to a socket of someone else', async () => {
    await saying('')
    const link = join(temp.path, 'link.sock')
    await symlink(join(temp.path, 'admin.sock'), link)
    expect((await errorOf(envoyAdmin(link).quit())).code).toBe('admin-unreachable')
    expect(asked).toEqual([])
  })

  test('no answer in time', async () => {
    const admin = await adminThat(() => undefined)
    const error = await errorOf(admin.stats({ timeoutMs: 20 }))
    expect(error).toMatchObject({ code: 'admin-unreachable' })
    expect(error.message).toContain('within 20 ms')
  })

  test('an answer that stops in the middle', async () => {
    const admin = await adminThat((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 5)
    })
    expect((await errorOf(admin.stats())).code).toBe('admin-unreachable')
  })

  test('an answer without end', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const admin = await adminThat((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    expect((await errorOf(admin.stats())).message).toContain('too long')
  })

  test.for(['', '{', '[]', '{"state":1}', 'null'])('an answer of %j', async (body) => {
    const admin = await saying(body)
    expect((await errorOf(admin.serverInfo())).code).toBe('admin-failed')
  })

  test('a status that is not 200', async () => {
    const error = await errorOf((await saying('no such handler', 404)).stats())
    expect(error).toMatchObject({ code: 'admin-failed' })
    expect(error.message).toContain('404: no such handler')
  })

  test('an abort rejects with its reason', async () => {
    const admin = await adminThat(() => undefined)
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = admin.ready({ signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })
})
