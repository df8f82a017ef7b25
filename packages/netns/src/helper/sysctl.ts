import { readFileSync, writeFileSync } from 'node:fs'

import { errnoOf, NetnsError } from '../error.ts'
import { type Answer, type NamespaceRef } from '../protocol.ts'
import { sysctlPath } from '../sysctl.ts'
import { inside } from './enter.ts'

/** Reads a setting of a namespace: what /proc/sys/net shows depends on who looks. */
export function readSysctl(ns: NamespaceRef, key: string): Answer {
  const path = sysctlPath(key)
  return { value: attempt(ns, `read ${key}`, () => readFileSync(path, 'utf8').trim()) }
}

/** Writes a setting of a namespace. */
export function writeSysctl(ns: NamespaceRef, key: string, value: string): Answer {
  const path = sysctlPath(key)
  // No O_CREAT or O_TRUNC: a setting that does not exist is an error, not a new file.
  attempt(ns, `set ${key} to ${value}`, () => writeFileSync(path, `${value}\n`, { flag: 'r+' }))
  return {}
}

function attempt<T>(ns: NamespaceRef, doing: string, action: () => T): T {
  try {
    return inside(ns, action)
  } catch (error) {
    if (error instanceof NetnsError) throw error
    const errno = errnoOf(error)
    const message = `${doing} in ${ns.path}: ${String(errno)}`
    // A value that names something can be refused with the same error when it is written.
    const unknown = errno === 'ENOENT' && isOpen(error)
    const code = unknown ? 'sysctl-unknown' : 'sysctl-failed'
    throw new NetnsError(code, message, { cause: error, errno })
  }
}

function isOpen(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open'
}
