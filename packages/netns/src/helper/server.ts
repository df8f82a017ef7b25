import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'

import { errnoOf, NetnsError } from '../error.ts'
import { encodeFrame, type Frame, frameDecoder } from '../frame.ts'
import { ownNetns } from '../identity.ts'
import {
  type Answer,
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
import { helperStats } from './stats.ts'
import { readSysctl, writeSysctl } from './sysctl.ts'
import { done, type Work } from './work.ts'

/** Requests worked on at once; each has a socket or a few pipes open. */
const MAX_IN_FLIGHT = 64
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
  const waiting: Request[] = []
  const send = (header: ReadyHeader | ReplyHeader, parts: readonly Uint8Array[] = []): void => {
    channel.write(encodeFrame(header, parts))
  }
  const next = (): void => {
    while (running.size < MAX_IN_FLIGHT) {
      const request = waiting.shift()
      if (request === undefined) return
      begin(request)
    }
  }
  const begin = ({ id, call, part }: Request): void => {
    const work = workOn(call, part, running.size)
    running.set(id, work)
    work.result
      .then(
        ({ value, parts }) => send({ id, ok: true, value }, parts),
        (error: unknown) => send({ id, ok: false, error: wireError(error) }),
      )
      .finally(() => {
        running.delete(id)
        next()
      })
      .catch(die)
  }
  const accept = ({ header, parts }: Frame): void => {
    const request = header as unknown as RequestHeader
    if (request.op === 'cancel') {
      const queued = waiting.findIndex(({ id }) => id === request.id)
      if (queued !== -1) waiting.splice(queued, 1)
      running.get(request.id)?.cancel()
      return
    }
    waiting.push({ id: request.id, call: request, part: parts[0] ?? new Uint8Array() })
    next()
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

/** Starts work; a call that fails at once gives work that fails. */
function workOn(call: HelperCall, part: Uint8Array, inFlight: number): Work {
  try {
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
  } catch (error) {
    const failed: Promise<Answer> = Promise.reject(
      error instanceof Error ? error : new Error(String(error)),
    )
    return { result: failed, cancel: () => undefined }
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

function die(error: unknown): never {
  process.stderr.write(`${String(error)}\n`)
  process.exit(71)
}
