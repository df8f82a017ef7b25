import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  maxSelectionFileBytes,
  parseSelectionFile,
  PolicyError,
  type SelectionFile,
} from '@proxy/policy'
import { type PluginHost } from './host.ts'
import { logFileOf, logLine, writeLog } from './log.ts'

/**
 * The plugin's machine: the node it runs on. What speaks to the agent is loaded when it is needed:
 * `node:http` alone would cost an unselected pod a third of the plugin's start-up.
 */
export const processHost: PluginHost = {
  async agent(socketPath) {
    const { agentClient } = await import('@proxy/agent-api/client')
    return agentClient({ socketPath })
  },
  readSelection,
  async enqueueDelete(directory, entry) {
    const { enqueueDelete } = await import('@proxy/agent-api/client')
    return await enqueueDelete(directory, entry)
  },
  isOwnNetns,
  log: (entry, conf) => writeLog(logLine(entry, now()), logFileOf(conf)),
  elapsedMs: () => performance.now(),
  now,
}

function now(): string {
  return new Date().toISOString()
}

/** Reads the selection file, bounded; whatever keeps it from being read is a PolicyError. */
function readSelection(path: string): SelectionFile | undefined {
  let file: number
  try {
    // Not to be kept waiting by something that is no file.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw unreadable(path, error)
  }
  try {
    const found = fstatSync(file)
    if (!found.isFile() || found.size > maxSelectionFileBytes) {
      throw unreadable(path, new RangeError('it is not a file of at most 1 MiB'))
    }
    return parseSelectionFile(readFileSync(file, 'utf8'))
  } catch (error) {
    throw error instanceof PolicyError ? error : unreadable(path, error)
  } finally {
    closeSync(file)
  }
}

function unreadable(path: string, cause: unknown): PolicyError {
  const why = cause instanceof Error ? cause.message : 'it cannot be read'
  return new PolicyError('selection-invalid', `selection file ${path}: ${why}`, { cause })
}

/** Whether a file is the namespace of this process; a file that is not there is not. */
export async function isOwnNetns(path: string): Promise<boolean> {
  try {
    const [theirs, ours] = await Promise.all([stat(path), stat('/proc/self/ns/net')])
    return theirs.dev === ours.dev && theirs.ino === ours.ino
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
