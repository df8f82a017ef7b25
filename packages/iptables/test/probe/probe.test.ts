import { describe, expect, test } from 'vitest'

import {
  commandProber,
  parseRedirectSpec,
  plan,
  probeCapture,
  type ProbedConnection,
  type ProbeRequest,
} from '../../src/index.ts'
import { recordingRunner } from '../../src/testing/index.ts'
import { probeProgram } from '../../src/probe/program.ts'

const rules = plan(parseRedirectSpec({ families: ['ipv4'] }))

function fixed(connection: ProbedConnection, requests: ProbeRequest[] = []) {
  return {
    connect(request: ProbeRequest): Promise<ProbedConnection> {
      requests.push(request)
      return Promise.resolve(connection)
    },
  }
}

describe('probeCapture', () => {
  test('asks for what the rules capture, as who they capture it from', async () => {
    const requests: ProbeRequest[] = []
    const prober = fixed({ outcome: 'connected', clientPort: 4, isAccepted: true }, requests)
    const report = await probeCapture({ rules, prober, podAddresses: ['10.0.0.7', 'fd00::7'] })
    expect(report.ok).toBe(true)
    expect(requests).toEqual([
      {
        family: 'ipv4',
        target: '192.0.2.1',
        targetPort: 9,
        listenPort: 15_001,
        uid: 65_532,
        gid: 65_532,
        timeoutMs: 2000,
      },
      {
        family: 'ipv4',
        target: '10.0.0.7',
        targetPort: 9,
        listenPort: 15_006,
        uid: 1337,
        gid: 1337,
        timeoutMs: 2000,
      },
    ])
  })

  test.for([
    [{ outcome: 'ECONNREFUSED', clientPort: 0 }, 'not captured: ECONNREFUSED'],
    [{ outcome: 'connected', clientPort: 4, isAccepted: false }, 'answered, but not on port 15001'],
    [{ outcome: 'connected', clientPort: 4 }, 'port 15001 is in use: cannot see who answered'],
  ] as const)('%o does not pass', async ([connection, detail]) => {
    const { ok, results } = await probeCapture({ rules, prober: fixed(connection) })
    expect(ok).toBe(false)
    expect(results.map((one) => one.detail)).toEqual([detail])
  })

  test('the application may be somebody else', async () => {
    const groups = plan(parseRedirectSpec({ families: ['ipv4'], includeOwnerGroups: [500] }))
    const prober = fixed({ outcome: 'connected', clientPort: 4, isAccepted: true })
    expect((await probeCapture({ rules: groups, prober })).results).toEqual([])
    const application = { uid: 7, gid: 500 }
    expect((await probeCapture({ rules: groups, prober, application })).ok).toBe(true)
  })
})

describe('commandProber', () => {
  const request: ProbeRequest = {
    family: 'ipv4',
    target: '192.0.2.1',
    targetPort: 9,
    listenPort: 15_001,
    uid: 7,
    gid: 7,
    timeoutMs: 1,
  }

  test('runs the program and reads its answer', async () => {
    const stdout = '{"outcome":"connected","clientPort":4,"isAccepted":true}'
    const runner = recordingRunner(() => ({ stdout }))
    const answer = await commandProber({ runner, node: '/opt/node' }).connect(request)
    expect(answer).toEqual({ outcome: 'connected', clientPort: 4, isAccepted: true })
    const [command] = runner.commands
    expect(command?.argv).toEqual(['/opt/node', '--input-type=module', '--eval', probeProgram])
    expect(JSON.parse(command?.stdin ?? '')).toEqual(request)
  })

  test.for([
    [{ exitCode: 127, stderr: 'node: not found' }, 'unsupported'],
    [{ exitCode: 1, stderr: 'SyntaxError' }, 'command-failed'],
    [{ stdout: 'hello' }, 'command-failed'],
    [{ stdout: '{}' }, 'command-failed'],
  ] as const)('%o is an error', async ([output, code]) => {
    const runner = recordingRunner(() => output)
    await expect(commandProber({ runner }).connect(request)).rejects.toMatchObject({ code })
  })
})
