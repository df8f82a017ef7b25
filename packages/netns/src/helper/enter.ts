import { openSync, writeSync } from 'node:fs'

import koffi from 'koffi'

import { NetnsError } from '../error.ts'
import { openNetns, ownNetns, sameNetns } from '../identity.ts'
import { CLONE_NEWNET, failure } from '../libc.ts'
import { type NamespaceRef } from '../protocol.ts'

/** Exit code of a helper that could not get back into its own namespace. */
const EXIT_LOST = 70

const setns = koffi.load(null).func('int setns(int fd, int type)') as (
  fd: number,
  type: number,
) => number
const own = openSync('/proc/self/ns/net', 'r')
const ownIdentity = ownNetns()

/**
 * Does something inside a namespace: enters it, acts, comes back. The action must not be
 * asynchronous: whatever else this process does in between, and every thread that started then,
 * would be in there with it. Should the way back fail, the process ends at once.
 */
export function inside<T>(ns: NamespaceRef, action: () => T): T {
  const opened = openNetns(ns.path)
  try {
    if (!sameNetns(opened.identity, ns.identity)) {
      throw new NetnsError('netns-gone', `enter ${ns.path}: another namespace is there now`)
    }
    if (sameNetns(opened.identity, ownIdentity)) return action() // it is here already
    const errno = failure(setns(opened.fd, CLONE_NEWNET))
    if (errno !== undefined) {
      throw new NetnsError(
        errno === 'EPERM' ? 'permission' : 'netns-gone',
        `enter ${ns.path}: setns: ${errno}${errno === 'EPERM' ? ', root is needed' : ''}`,
        { errno },
      )
    }
    try {
      return action()
    } finally {
      comeBack(ns.path)
    }
  } finally {
    opened.close()
  }
}

function comeBack(path: string): void {
  const errno = failure(setns(own, CLONE_NEWNET))
  if (errno === undefined) return
  writeSync(2, `cannot leave ${path}: setns: ${errno}\n`)
  process.exit(EXIT_LOST)
}
