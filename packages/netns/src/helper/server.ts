import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'

import { errnoOf, NetnsError } from '../error.ts'
import { encodeFrame, type Frame, frameDecoder } from '../frame.ts'
import { ownNetns } from '../identity.ts'
import {
  CHANNEL_FD,
  type HelperCall,
  PROTOCOL_VERSION,
  type ReadyHeader,
  type ReplyHeader,
  type RequestHeader,
  type WireError,
} from '../protocol.ts'
import { runCommand } from './command.ts'
import { exchange } from './exchange.ts'
import { Lane } from './lane.ts'
import { helperStats } from './stats.ts'
import { readSysctl, writeSysctl } from './sysctl.ts'
import { done, type Work } from './work.ts'

/** Requests worked on at once, which bounds open files. Slow commands never hold up the rest. */
const MAX_CALLS = 64
const MAX_COMMANDS = 16
/** How many of Node's pool threads there can be; see {@link warmUp}. */
const POOL_THREADS = 4

interface Request {
  readonly id: number
  readonly call: HelperCall
  readonly part: Uint8Array
}

/** Answers requests on the channel until it ends, and then ends the process. */
export async function serve(): Promise<void> {
  // A signal to the parent's process group is for the parent: it may still need its helper.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  await warmUp()

  const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
  const running = new Map<number, Work>()
  const send = (header: ReadyHeader | ReplyHeader, parts: readonly Uint8Array[] = []): void => {
    channel.write(encodeFrame(header, parts))
  }
  const answer = async ({ id, call, part }: Request): Promise<void> => {
    const inFlight = running.size
    try {
      const work = workOn(call, part, inFlight)
      running.set(id, work)
      const { value, parts } = await work.result
      send({ id, ok: true, value }, parts)
    } catch (error) {
      send({ id, ok: false, error: wireError(error) })
    } finally {
      running.delete(id)
    }
  }
  const calls = new Lane(MAX_CALLS, answer)
  const commands = new Lane(MAX_COMMANDS, answer)
  const accept = ({ header, parts }: Frame): void => {
    const request = header as RequestHeader
    if (request.op === 'cancel') {
      for (const lane of [calls, commands]) lane.drop(request.id)
      running.get(request.id)?.cancel()
    } else {
      const lane = request.op === 'run' ? commands : calls
      lane.add({ id: request.id, call: request, part: parts[0] ?? new Uint8Array() })
    }
  }
  const end = (): void => {
    for (const work of running.values()) work.cancel()
    process.exit(0)
  }
  const decode = frameDecoder()
  channel.on('data', (chunk: Uint8Array) => decode(chunk).forEach(accept))
  channel.on('end', end).on('error', end).on('close', end)
  send({ ready: PROTOCOL_VERSION, pid: process.pid, netns: ownNetns() })
}

/** Starts work. Throws what fails at once. */
function workOn(call: HelperCall, part: Uint8Array, inFlight: number): Work {
  switch (call.op) {
    case 'exchange':
      return exchange(call.ns, call.protocol, part)
    case 'sysctl-get':
      return done(readSysctl(call.ns, call.key))
    case 'sysctl-set':
      return done(writeSysctl(call.ns, call.key, call.value))
    case 'run':
      return runCommand(call, part)
    case 'stats':
      return done({ value: helperStats(inFlight) })
  }
}

/**
 * Makes Node's pool threads exist before any namespace is entered: a thread begins in the namespace
 * of the one that makes it. The pool starts all its threads at its first use.
 */
async function warmUp(): Promise<void> {
  await Promise.all(Array.from({ length: POOL_THREADS }, () => stat('/')))
}

function wireError(error: unknown): WireError {
  if (error instanceof NetnsError) {
    return { code: error.code, message: error.message, errno: error.errno }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'command-failed', message: `the helper failed: ${message}`, errno: errnoOf(error) }
}
