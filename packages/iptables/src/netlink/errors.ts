import { IptablesError, type IptablesErrorCode } from '../error.ts'
import { errorAttribute, flag, messageType } from './constants.ts'
import { littleEndian } from './byte-order.ts'
import { type NetlinkMessage, readAttributes, textIn, viewOf } from './reader.ts'
import { errorNumber } from './reply-tracker.ts'

/** Error numbers of Linux that nf_tables answers with, and what they mean here. */
const meanings: ReadonlyMap<number, readonly [string, IptablesErrorCode, string]> = new Map([
  [1, ['EPERM', 'permission-denied', 'CAP_NET_ADMIN in the namespace is needed']],
  [2, ['ENOENT', 'kernel-refused', 'something it refers to does not exist']],
  [4, ['EINTR', 'changed-meanwhile', 'rules changed while they were read']],
  [7, ['E2BIG', 'kernel-refused', 'too many']],
  [11, ['EAGAIN', 'changed-meanwhile', 'a kernel module was being loaded']],
  [12, ['ENOMEM', 'kernel-refused', 'the kernel has no memory for it']],
  [13, ['EACCES', 'permission-denied', 'the caller may not do this']],
  [16, ['EBUSY', 'kernel-refused', 'something else still uses it']],
  [17, ['EEXIST', 'kernel-refused', 'it exists already with other properties']],
  [22, ['EINVAL', 'kernel-refused', 'the kernel does not take it in this form']],
  [24, ['EMFILE', 'kernel-refused', 'too many jumps']],
  [28, ['ENOSPC', 'kernel-refused', 'no room in the set']],
  [40, ['ELOOP', 'kernel-refused', 'chains lead back to themselves']],
  [85, ['ERESTART', 'changed-meanwhile', 'rules changed meanwhile']],
  [93, ['EPROTONOSUPPORT', 'unsupported', 'the kernel has no nf_tables']],
  [95, ['EOPNOTSUPP', 'unsupported', 'the kernel lacks this part of nf_tables']],
  [97, ['EAFNOSUPPORT', 'unsupported', 'the kernel lacks this family of tables']],
])

/**
 * The error that says what the kernel refused, and why; undefined for an acknowledgement and for
 * the end of a dump that has everything.
 */
export function kernelError(message: NetlinkMessage, object: string): IptablesError | undefined {
  if (message.type !== messageType.error && message.type !== messageType.done) return undefined
  const errno = errorNumber(message.payload)
  if (errno === 0) return undefined
  const [name, code, meaning] = meanings.get(errno) ?? [
    `error ${errno}`,
    'kernel-refused' as const,
    'no reason is known',
  ]
  const said = extendedText(message)
  const text = `kernel refused ${object}: ${name}, ${said ?? meaning}`
  return new IptablesError(code, text, { object, errno })
}

/** The kernel's own words, which it adds when the socket has NETLINK_EXT_ACK. */
function extendedText({ flags, payload }: NetlinkMessage): string | undefined {
  if ((flags & flag.ackAttributes) === 0 || payload.length < 20) return undefined
  const requestLength = viewOf(payload).getUint32(4, littleEndian)
  const start = 4 + ((flags & flag.capped) === 0 ? requestLength : 16)
  if (start > payload.length) return undefined
  return textIn(readAttributes(payload.subarray((start + 3) & ~3)), errorAttribute.message)
}
