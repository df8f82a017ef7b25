import { NetnsError } from '../error.ts'
import { type CallOptions, type NetlinkConnection } from '../netns-helper.ts'
import {
  failureOf,
  messagesOf,
  NLM_F_DUMP_INTR,
  type NetlinkFailure,
  type NetlinkMessage,
} from './message.ts'

/** How often a dump is asked for again when what it lists changed under it. */
const DUMP_ATTEMPTS = 10

/** The messages of a reply, and the kernel's refusal if there is one. */
interface Reply {
  readonly messages: readonly NetlinkMessage[]
  readonly failure: NetlinkFailure | undefined
}

/** Makes a request. The kernel's refusal is a value: the caller may want just that. */
export async function request(
  connection: NetlinkConnection,
  message: Uint8Array,
  options: CallOptions,
): Promise<Reply> {
  const messages = (await connection.exchange(message, options)).flatMap(messagesOf)
  const failures = messages.map(failureOf).filter((failure) => failure !== undefined)
  return { messages, failure: failures[0] }
}

/** Makes a request that lists things, again when the list was changed meanwhile. */
export async function dump<T>(
  connection: NetlinkConnection,
  message: Uint8Array,
  decode: (message: NetlinkMessage) => T | undefined,
  options: CallOptions,
): Promise<readonly T[]> {
  for (let attempt = 1; ; attempt++) {
    const { messages, failure } = await request(connection, message, options)
    if (failure !== undefined) throw refusal('list', failure)
    const interrupted = messages.some(({ flags }) => flags & NLM_F_DUMP_INTR)
    if (!interrupted || attempt === DUMP_ATTEMPTS) {
      return messages.map(decode).filter((value) => value !== undefined)
    }
  }
}

/** The error for a refusal. */
export function refusal(doing: string, { errno, text }: NetlinkFailure): NetnsError {
  const more = text === undefined ? '' : ` (${text})`
  return new NetnsError('netlink-failed', `${doing}: ${errno}${more}`, { errno })
}
